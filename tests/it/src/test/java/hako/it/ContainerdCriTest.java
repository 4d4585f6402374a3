package hako.it;

/** containerd's CRI plugin with its shim for runc. */
class ContainerdCriTest extends CriContract {
    @Override
    CriServer serve(HakoNode node) {
        return new ContainerdCri(node);
    }
}
