package hako.agent;

import com.google.protobuf.AbstractParser;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import hako.agent.v1.ReadOutputResponse;
import java.io.IOException;

/**
 * Reads {@link ReadOutputResponse}, which alone may be long, and drops what does not belong in it: the generated parser
 * keeps unknown fields, and a guest can make 256 KiB of them 17 MB of heap.
 */
final class OutputParser extends AbstractParser<ReadOutputResponse> {
    private static final int DATA = ReadOutputResponse.DATA_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    private static final int END = ReadOutputResponse.END_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;

    @Override
    public ReadOutputResponse parsePartialFrom(CodedInputStream in, ExtensionRegistryLite none)
            throws InvalidProtocolBufferException {
        ReadOutputResponse.Builder response = ReadOutputResponse.newBuilder();
        try {
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case DATA -> response.setData(in.readBytes());
                    case END -> response.setEnd(in.readBool());
                    default -> skip(in, tag);
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw e;
        } catch (IOException e) {
            throw new InvalidProtocolBufferException(e);
        }
        return response.buildPartial();
    }

    private static void skip(CodedInputStream in, int tag) throws IOException {
        if (!in.skipField(tag)) {
            throw new InvalidProtocolBufferException("a group ends that did not begin");
        }
    }
}
