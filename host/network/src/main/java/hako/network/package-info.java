/**
 * What a VM can plug into a network: the NAT bridge of {@code hako run}. {@link hako.network.BridgeNetwork} is the
 * door; docs/adr/0005 says why its state is in the kernel.
 */
@org.jspecify.annotations.NullMarked
package hako.network;
