package hako.it;

/** CRI-O in its mode for OCI runtimes. */
class CrioTest extends CriContract {
    @Override
    CriServer serve(HakoNode node) {
        return new Crio(node);
    }
}
