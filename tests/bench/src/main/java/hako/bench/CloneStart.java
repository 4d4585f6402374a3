package hako.bench;

import hako.agent.AgentClient;
import hako.vm.Vm;
import hako.vm.VmSpec;
import hako.vm.VmTemplate;
import hako.vm.qemu.QemuConfig;
import hako.vm.qemu.QemuDriver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A VM cloned from a template in which nothing is prepared, to the first answer of its agent: what every start has to begin with.
 * Measured without a daemon, since there the agent answers that question together with the next ones.
 */
final class CloneStart implements Benchmark {
    private static final long MEMORY_BYTES = 592L << 20; // as a container without a limit has it
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int WARMUPS = 2;

    @Override
    public String name() {
        return "a clone, to its agent's answer";
    }

    @Override
    public List<Row> run(Setup setup) {
        Tools tools = setup.tools();
        QemuDriver driver =
                new QemuDriver(QemuConfig.of(tools.kernel(), tools.initramfs()).withDiscard(tools.discard()));
        List<Double> times = new ArrayList<>();
        try (VmTemplate template = driver.save(spec(tools, "template"), CloneStart::await)) {
            int rounds = setup.rounds(30) + WARMUPS;
            for (int i = 0; i < rounds; i++) {
                VmSpec spec = spec(tools, "clone" + i);
                long began = System.nanoTime();
                Vm clone = template.launch(spec);
                try (Remains.Held _ = Remains.hold(clone::kill)) {
                    await(clone);
                    times.add((System.nanoTime() - began) / 1e6);
                }
            }
        }
        Series series = new Series("a clone", Unit.MILLISECONDS, times.subList(WARMUPS, times.size()));
        return List.of(Row.of(Promise.CLONE_START, series));
    }

    private static void await(Vm vm) {
        new AgentClient(vm.agent()).check(PATIENCE);
    }

    private static VmSpec spec(Tools tools, String id) {
        Path folder = tools.folder("vm/" + id);
        return new VmSpec(id, folder, 1, MEMORY_BYTES, List.of(), false);
    }
}
