/**
 * The performance contract, measured, and what is shown beside it: {@code hako bench}, {@code ./dev bench}. A benchmark per
 * question, each with its rivals in the same rounds; {@code Promise} is the table of what is promised, {@code Findings} says what
 * the figures mean, {@code Report} writes the result. What is measured in guests, in containers and on the host alike is done by
 * the native program {@code meter} (tests/bench/programs); commands are timed by {@code pace}.
 */
@org.jspecify.annotations.NullMarked
package hako.bench;
