/** Parts played by tests: what a real one would need a socket, a guest or another process for. */
@org.jspecify.annotations.NullMarked
package hako.fakes;
