package hako.sandbox;

import hako.base.HakoException;
import hako.network.Endpoint;
import hako.network.PortMapping;
import hako.network.WiredNamespace;
import hako.vm.VmRecord;
import io.avaje.jsonb.Json;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is written down before it is acknowledged: a record per sandbox and per container, as JSON.
 *
 * <pre>
 *   STATE/sandboxes/ID/sandbox.json
 *   STATE/containers/ID/container.json  output/  execs/ID/output/  scratch.ext4
 * </pre>
 *
 * A record is written beside the old one and renamed over it, so a daemon killed at any point leaves one or the other.
 * It is not forced to disk: a live record describes processes, and those do not outlive the host (ADR 0003).
 */
final class Checkpoints {
    private static final Logger log = LoggerFactory.getLogger(Checkpoints.class);
    private static final Jsonb JSON = Jsonb.builder().build();

    @Json.Import({VmRecord.class, VmRecord.Helper.class, Endpoint.class, PortMapping.class, WiredNamespace.class})
    private static final class Imports {}

    private final Path sandboxes;
    private final Path containers;

    Checkpoints(Path state) {
        sandboxes = state.resolve("sandboxes");
        containers = state.resolve("containers");
    }

    void save(SandboxRecord record) {
        write(sandboxes.resolve(record.id()).resolve("sandbox.json"), SandboxRecord.class, record);
    }

    void save(ContainerRecord record) {
        write(containerDirectory(record.id()).resolve("container.json"), ContainerRecord.class, record);
    }

    Path containerDirectory(String id) {
        return containers.resolve(id);
    }

    void deleteSandbox(String id) {
        deleteTree(sandboxes.resolve(id));
    }

    void deleteContainer(String id) {
        deleteTree(containerDirectory(id));
    }

    List<SandboxRecord> loadSandboxes() {
        return load(sandboxes, "sandbox.json", SandboxRecord.class, SandboxRecord::id);
    }

    List<ContainerRecord> loadContainers() {
        return load(containers, "container.json", ContainerRecord.class, ContainerRecord::id);
    }

    /**
     * A folder without a record is half made or half removed, and goes. One whose record cannot be read is set aside, for
     * somebody to look into: it may be a newer Hako's.
     */
    private <T> List<T> load(Path parent, String file, Class<T> type, Function<T, String> id) {
        List<T> records = new ArrayList<>();
        for (Path directory : list(parent)) {
            try {
                T record = JSON.type(type).fromJson(Files.readAllBytes(directory.resolve(file)));
                if (!id.apply(record).equals(directory.getFileName().toString())) {
                    throw new IOException("it is the record of " + id.apply(record));
                }
                records.add(record);
            } catch (NoSuchFileException e) {
                deleteTree(directory);
            } catch (IOException | RuntimeException e) {
                setAside(directory, e);
            }
        }
        return records;
    }

    private static void setAside(Path directory, Exception reason) {
        Path broken = directory.getParent().resolveSibling("broken").resolve(directory.getFileName());
        log.warn("{}: its record cannot be read: {}; it is set aside as {}", directory, reason.toString(), broken);
        try {
            Files.createDirectories(broken.getParent());
            Files.move(directory, broken, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            log.error("set aside {}: {}", directory, e.toString());
        }
    }

    static List<Path> list(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private <T> void write(Path path, Class<T> type, T record) {
        try {
            Files.createDirectories(path.getParent());
            Path fresh = path.resolveSibling(path.getFileName() + ".new");
            Files.write(fresh, JSON.type(type).toJsonBytes(record));
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, "write " + path + ": " + e, e);
        }
    }

    static void deleteTree(Path root) {
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.deleteIfExists(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) {
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(
                        Path directory, java.io.@org.jspecify.annotations.Nullable IOException e) throws IOException {
                    Files.deleteIfExists(directory);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            if (Files.exists(root)) {
                log.warn("remove {}: {}", root, e.toString());
            }
        }
    }
}
