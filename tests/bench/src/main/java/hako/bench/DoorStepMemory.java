package hako.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What stays of {@code hako run} while its container runs. */
final class DoorStepMemory implements Benchmark {
    @Override
    public String name() {
        return "the door-step's memory";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        List<Process> calls = new ArrayList<>();
        List<Double> sizes = new ArrayList<>();
        try {
            // two, since what they share counts for each by half, as it would on a busy node
            for (int i = 0; i < 2; i++) {
                String name = "attended" + i;
                calls.add(Execution.start(
                        node.environment(),
                        node.line("run", "--name", name, Node.IMAGE, "sh", "-c", "echo up; sleep 1000")));
                Node.await(name + " to run", () -> node.hako("ps").contains(name));
                node.awaitLog(name, "up");
            }
            for (Process call : calls) {
                sizes.add(ProcFiles.pss(call.pid()) / (double) (1 << 20));
            }
        } catch (IOException e) {
            throw new BenchmarkException("start hako run: " + e.getMessage());
        } finally {
            node.remove("attended0", "attended1");
            calls.forEach(Process::destroyForcibly);
        }
        return List.of(Row.of(Promise.DOOR_STEP, new Series("hako run, waiting", Unit.MEGABYTES, sizes)));
    }
}
