package hako.vm;

/** VMs booted when they are asked for. */
public final class ColdSource implements VmSource {
    private final VmDriver driver;

    public ColdSource(VmDriver driver) {
        this.driver = driver;
    }

    @Override
    public Vm acquire(VmSpec spec) {
        return driver.launch(spec);
    }
}
