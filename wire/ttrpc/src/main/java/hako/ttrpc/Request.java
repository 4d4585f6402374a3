package hako.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;

/**
 * The envelope of a call: {@code ttrpc.Request} of containerd/ttrpc's {@code request.proto}, written by hand because it
 * has four fields. Metadata (field 5) is skipped.
 *
 * @param timeoutNanos 0: none
 */
record Request(String service, String method, ByteString payload, long timeoutNanos) {
    private static final int SERVICE = 1;
    private static final int METHOD = 2;
    private static final int PAYLOAD = 3;
    private static final int TIMEOUT_NANO = 4;

    ByteString encode() {
        int size = CodedOutputStream.computeStringSize(SERVICE, service)
                + CodedOutputStream.computeStringSize(METHOD, method)
                + CodedOutputStream.computeBytesSize(PAYLOAD, payload)
                + (timeoutNanos == 0 ? 0 : CodedOutputStream.computeInt64Size(TIMEOUT_NANO, timeoutNanos));
        return Envelope.encode(size, out -> {
            out.writeString(SERVICE, service);
            out.writeString(METHOD, method);
            out.writeBytes(PAYLOAD, payload);
            if (timeoutNanos != 0) {
                out.writeInt64(TIMEOUT_NANO, timeoutNanos);
            }
        });
    }

    static Request decode(ByteString bytes) throws IOException {
        String service = "";
        String method = "";
        ByteString payload = ByteString.EMPTY;
        long timeoutNanos = 0;
        CodedInputStream in = Envelope.input(bytes);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case SERVICE << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> service = in.readStringRequireUtf8();
                case METHOD << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> method = in.readStringRequireUtf8();
                case PAYLOAD << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> payload = in.readBytes();
                case TIMEOUT_NANO << 3 | WireFormat.WIRETYPE_VARINT -> timeoutNanos = in.readInt64();
                default -> Envelope.skip(in, tag);
            }
        }
        return new Request(service, method, payload, timeoutNanos);
    }
}
