/**
 * The performance contract, measured: {@code ./dev bench}. A benchmark per question, each with its rivals in the same
 * rounds; {@code Promise} is the table of what is promised, {@code Report} writes the result.
 */
@org.jspecify.annotations.NullMarked
package hako.bench;
