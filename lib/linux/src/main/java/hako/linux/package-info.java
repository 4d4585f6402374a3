/**
 * Every native call Hako makes, by the FFM API: most through the one variadic {@code syscall(2)}, a few through glibc.
 * One class per noun of the kernel. Nothing here knows of containers or VMs.
 *
 * <p>A native call that blocks holds its carrier thread, and a few of them starve every virtual thread. So nothing here
 * blocks in the kernel: who must wait waits in {@link hako.linux.Poller}, whose one platform thread sits in epoll.
 */
@org.jspecify.annotations.NullMarked
package hako.linux;
