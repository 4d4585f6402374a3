/**
 * End-to-end tests: what a person types, against real VMs. {@code HakoNode} is a daemon of the test's own, {@code Command}
 * a program to run, {@code Result} what came of it; a test class per area.
 */
@org.jspecify.annotations.NullMarked
package hako.it;
