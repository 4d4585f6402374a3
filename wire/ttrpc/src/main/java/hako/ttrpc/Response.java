package hako.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;

/**
 * The envelope of an answer: {@code ttrpc.Response} of containerd/ttrpc's {@code request.proto}, whose field 1 is a
 * {@code google.rpc.Status} (code 1, message 2; details, field 3, are skipped).
 *
 * @param status 0: all went well
 */
record Response(int status, String message, ByteString payload) {
    private static final int STATUS = 1;
    private static final int PAYLOAD = 2;
    private static final int STATUS_CODE = 1;
    private static final int STATUS_MESSAGE = 2;

    static Response of(ByteString payload) {
        return new Response(0, "", payload);
    }

    ByteString encode() {
        int size = CodedOutputStream.computeBytesSize(PAYLOAD, payload);
        ByteString encodedStatus = status == 0 ? ByteString.EMPTY : encodeStatus();
        if (status != 0) {
            size += CodedOutputStream.computeBytesSize(STATUS, encodedStatus);
        }
        return Envelope.encode(size, out -> {
            if (status != 0) {
                out.writeBytes(STATUS, encodedStatus);
            }
            out.writeBytes(PAYLOAD, payload);
        });
    }

    private ByteString encodeStatus() {
        int size = CodedOutputStream.computeInt32Size(STATUS_CODE, status)
                + CodedOutputStream.computeStringSize(STATUS_MESSAGE, message);
        return Envelope.encode(size, out -> {
            out.writeInt32(STATUS_CODE, status);
            out.writeString(STATUS_MESSAGE, message);
        });
    }

    static Response decode(ByteString bytes) throws IOException {
        ByteString status = ByteString.EMPTY;
        ByteString payload = ByteString.EMPTY;
        CodedInputStream in = Envelope.input(bytes);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case STATUS << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> status = in.readBytes();
                case PAYLOAD << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> payload = in.readBytes();
                default -> Envelope.skip(in, tag);
            }
        }
        return decodeStatus(status, payload);
    }

    private static Response decodeStatus(ByteString bytes, ByteString payload) throws IOException {
        int code = 0;
        String message = "";
        CodedInputStream in = Envelope.input(bytes);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case STATUS_CODE << 3 | WireFormat.WIRETYPE_VARINT -> code = in.readInt32();
                case STATUS_MESSAGE << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> message = in.readString();
                default -> Envelope.skip(in, tag);
            }
        }
        return new Response(code, Envelope.printable(message), payload);
    }
}
