/**
 * The socket between the native door-step and the daemon, the daemon's side of it. {@code DoorstepServer} accepts;
 * {@code Caller} is what the doors work with. The frames are drawn in {@code README.md}.
 */
@org.jspecify.annotations.NullMarked
package hako.doorstep;
