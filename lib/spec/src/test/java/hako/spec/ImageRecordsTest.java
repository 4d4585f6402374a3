package hako.spec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageRecordsTest {
    private static final String CONFIG = """
            {"architecture":"amd64","os":"linux","created":"2024-01-01T00:00:00Z","container_config":{"Hostname":"x"},
             "config":{"User":"www","ExposedPorts":{"80/tcp":{},"53/udp":{}},"Env":["A=b"],"Entrypoint":null,"Cmd":["sh"],
              "Volumes":{"/data":{}},"WorkingDir":"/srv","Labels":{"k":"v"},"StopSignal":"SIGQUIT","OnBuild":null},
             "rootfs":{"type":"layers","diff_ids":["sha256:aa"]},"history":[{"created_by":"x","empty_layer":true}]}
            """;

    @Test
    void readsAConfigurationAndWritesItBack() {
        ImageConfig config = ImageConfig.fromJson(CONFIG.getBytes(UTF_8));
        assertThat(config.execution().exposedPorts()).containsOnlyKeys("80/tcp", "53/udp");
        assertThat(config.execution().volumes()).containsOnlyKeys("/data");
        assertThat(config.execution().entrypoint()).isEmpty();
        assertThat(config.execution().stopSignal()).isEqualTo("SIGQUIT");
        assertThat(config.diffIds()).containsExactly("sha256:aa");
        String json = new String(config.toJson(), UTF_8);
        assertThat(json).contains("\"ExposedPorts\":{\"80/tcp\":{}", "\"diff_ids\":[", "\"WorkingDir\":\"/srv\"");
        assertThat(ImageConfig.fromJson(json.getBytes(UTF_8))).isEqualTo(config);
    }

    @Test
    void readsADockerArchiveManifest() {
        List<DockerArchive> images = DockerArchive.listFromJson(
                "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:b\"],\"Layers\":[\"l/layer.tar\"]}]".getBytes(UTF_8));
        assertThat(images).containsExactly(new DockerArchive("c.json", List.of("a:b"), List.of("l/layer.tar")));
    }

    @Test
    void anIndexKeepsPlatformsAndNames() {
        ImageIndex index = ImageIndex.fromJson("""
                {"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"sha256:1","size":7,
                 "platform":{"architecture":"amd64","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"x"}}]}
                """.getBytes(UTF_8));
        assertThat(index.manifests().getFirst().platform().architecture()).isEqualTo("amd64");
        assertThat(index.manifests().getFirst().annotations()).containsEntry(ImageIndex.REF_NAME, "x");
        assertThat(ImageIndex.fromJson(index.toJson())).isEqualTo(index);
    }

    @Test
    void aManifestWithoutConfigIsRefused() {
        assertThatThrownBy(() -> ImageManifest.fromJson("{\"schemaVersion\":2,\"layers\":[]}".getBytes(UTF_8)))
                .isInstanceOf(HakoException.class)
                .hasMessageContaining("config");
    }
}
