package hako.image;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;

/**
 * The members of an uncompressed archive file, found once and then read in any order, from where they lie. Nothing is
 * unpacked: names are keys of a map and no paths.
 */
final class ArchiveSource implements ImageSource {
    private static final int MAX_MEMBERS = 50_000;

    /** Nothing that is looked for has a longer one. */
    private static final int MAX_NAME = 200;

    private static final int MAX_LINKS = 8;
    private static final int BUFFER_BYTES = 64 * 1024;

    private final FileChannel file;
    private final Map<String, Member> members = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();

    private record Member(long offset, long length) {}

    ArchiveSource(Path archive) throws IOException {
        this.file = FileChannel.open(archive, StandardOpenOption.READ);
        boolean done = false;
        try {
            scan();
            done = true;
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    private void scan() throws IOException {
        Slice all = new Slice(0, file.size());
        TarReader reader = new TarReader(all);
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            if (members.size() + links.size() >= MAX_MEMBERS) {
                throw ImageException.refused("load image: the archive has more than " + MAX_MEMBERS + " members");
            }
            if (Math.max(entry.name().length(), entry.linkName().length()) > MAX_NAME) {
                continue;
            }
            String name = normal(entry.name());
            switch (entry.type()) {
                case FILE -> {
                    if (entry.segments().isEmpty()) {
                        members.put(name, new Member(all.position(), entry.sizeBytes()));
                    }
                }
                // As docker save of old wrote layers that several images share.
                case SYMBOLIC_LINK -> links.put(name, sibling(name, entry.linkName()));
                case HARD_LINK -> links.put(name, normal(entry.linkName()));
                case DIRECTORY, CHARACTER_DEVICE, BLOCK_DEVICE, FIFO -> {}
            }
        }
    }

    @Override
    public boolean has(String name) {
        return members.containsKey(followed(name));
    }

    @Override
    public InputStream open(String name) {
        Member member = members.get(followed(name));
        if (member == null) {
            throw ImageSource.missing(name);
        }
        return new BufferedInputStream(new Slice(member.offset(), member.length()), BUFFER_BYTES);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private String followed(String name) {
        String at = normal(name);
        for (int i = 0; i < MAX_LINKS && !members.containsKey(at) && links.containsKey(at); i++) {
            at = links.getOrDefault(at, at);
        }
        return at;
    }

    private static String normal(String name) {
        return Path.of("/").resolve(name.replace('\0', '?')).normalize().toString();
    }

    private static String sibling(String name, String target) {
        return normal(name.substring(0, name.lastIndexOf('/') + 1) + target);
    }

    /** A part of the file; several may be read at once. */
    private final class Slice extends InputStream {
        private final long end;
        private long at;

        Slice(long offset, long length) {
            this.at = offset;
            this.end = offset + length;
        }

        long position() {
            return at;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (at >= end) {
                return -1;
            }
            int n = file.read(ByteBuffer.wrap(bytes, offset, (int) Math.min(length, end - at)), at);
            at += Math.max(n, 0);
            return n;
        }

        /** Past the end too: the next read says so. */
        @Override
        public long skip(long n) {
            long skipped = Math.clamp(end - at, 0, Math.max(n, 0));
            at += skipped;
            return skipped;
        }
    }
}
