package hako.bench;

/** A part of the memory of a sandbox: where the megabytes go. */
record Part(String what, double megabytes) {}
