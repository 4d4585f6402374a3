package hako.oci;

import hako.sandbox.Sandboxes;
import java.nio.file.Path;
import java.time.InstantSource;

/**
 * What the verbs work with; one for the daemon's life.
 *
 * @param kept the processes that stand for containers on this host
 * @param log the daemon's log, for messages that point there
 * @param version of Hako
 */
record Services(Sandboxes sandboxes, KeptProcesses kept, Path log, String version, InstantSource clock) {}
