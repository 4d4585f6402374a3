//! ConfigureLink: finds a network link by its address, names it, gives it addresses and routes.

use crate::api::{self, ConfigureLinkRequest};
use crate::failure::{Doing, Failure, Status};
use crate::sys::files;
use crate::sys::netlink::{self, Message, Netlink};
use std::net::IpAddr;

// include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_FLAGS: u16 = 8;
const IFA_F_NODAD: u32 = 0x02;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_STATIC: u8 = 4;
const RT_SCOPE_UNIVERSE: u8 = 0;
const RT_SCOPE_LINK: u8 = 253;
const RTN_UNICAST: u8 = 1;

/// Of the network card that a clone inherits from its template: it becomes the first one that is asked for by an address.
const UNCLAIMED: [u8; 6] = [2, 0, 0, 0, 0, 0];
const FIRST_LINK: &str = "eth0";
const LOOPBACK: u32 = 1;

/// The guest's network links. Its socket stays open: to make one costs a fresh guest more than to keep it.
pub struct Links {
    netlink: Netlink,
    /// There from the start and not configured yet.
    first: Option<Card>,
    /// Index and last request of each link that was found by an address.
    configured: Vec<(u32, Link)>,
}

struct Card {
    index: u32,
    mac: [u8; 6],
}

/// A checked request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    mac: Option<[u8; 6]>,
    new_mac: Option<[u8; 6]>,
    name: String,
    mtu: u32,
    down: bool,
    addresses: Vec<Network>,
    routes: Vec<Route>,
}

/// What the kernel says of a link.
struct Found {
    index: u32,
    is_up: bool,
    name: String,
}

/// Destination and gateway; without one: everything, on the link itself.
type Route = (Option<Network>, Option<IpAddr>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Link {
    pub fn parse(request: &ConfigureLinkRequest) -> Result<Link, Status> {
        let wrong = |what: &str, text: &str| Status::invalid(format!("configure link: \"{text}\" is no {what}"));
        let network = |text: &String| network(text).ok_or_else(|| wrong("address with prefix", text));
        let route = |route: &api::Route| {
            let destination = Some(&route.destination).filter(|text| !text.is_empty()).map(network).transpose()?;
            let gateway = Some(&route.gateway).filter(|text| !text.is_empty());
            let gateway = gateway.map(|text| text.parse().map_err(|_| wrong("address", text))).transpose()?;
            Ok((destination, gateway))
        };
        if request.name.len() > 15 || request.name.contains(['/', '\0']) {
            return Err(wrong("link name", &request.name));
        }
        let mac = |text: &str| match text {
            "" => Ok(None),
            text => mac(text).ok_or_else(|| wrong("MAC address", text)).map(Some),
        };
        Ok(Link {
            mac: mac(&request.mac)?,
            new_mac: mac(&request.new_mac)?,
            name: request.name.clone(),
            mtu: request.mtu,
            down: request.down,
            addresses: request.addresses.iter().map(network).collect::<Result<_, _>>()?,
            routes: request.routes.iter().map(route).collect::<Result<_, Status>>()?,
        })
    }
}

impl Links {
    /// With loopback up, which needs no device, and the card of a guest that becomes a template, so that its clones need not wait
    /// for that.
    pub fn open() -> Result<Links, Failure> {
        let netlink = Netlink::open().doing(|| "open rtnetlink".into())?;
        netlink.change(link_message(LOOPBACK, true), 0).doing(|| "bring up loopback".into())?;
        let first = first();
        if let Some(card) = first.as_ref().filter(|card| card.mac == UNCLAIMED) {
            netlink.change(link_message(card.index, true), 0).doing(|| format!("bring up link {FIRST_LINK}"))?;
        }
        Ok(Links { netlink, first, configured: Vec::new() })
    }

    /// False when there is no such link yet.
    pub fn configure(&mut self, link: &Link) -> Result<bool, Failure> {
        let Some(found) = self.find(link).doing(|| "list the network links".into())? else {
            return Ok(false);
        };
        let earlier = self.configured.iter().position(|(index, _)| *index == found.index);
        if let Some((_, earlier)) = earlier.map(|at| self.configured.swap_remove(at)) {
            link.take_back(&self.netlink, found.index, &earlier);
        }
        if link.mac.is_some() {
            // whatever fails below is to be taken back then as well
            self.configured.push((found.index, link.clone()));
        }
        link.apply(&self.netlink, &found).map(|()| true)
    }

    /// The link that was configured by this address before, else the one that has it.
    fn find(&mut self, link: &Link) -> std::io::Result<Option<Found>> {
        let is_it = |card: &mut Card| link.mac.is_some_and(|mac| card.mac == UNCLAIMED || card.mac == mac);
        if let Some(card) = self.first.take_if(is_it) {
            return Ok(Some(Found { index: card.index, is_up: card.mac == UNCLAIMED, name: FIRST_LINK.into() }));
        }
        let (mut by_address, mut all) = (None, Vec::new());
        self.netlink.list(Message::new(RTM_GETLINK, &[0; 16]), |kind, body| {
            let Some((info, attributes)) = body.split_first_chunk::<16>().filter(|_| kind == RTM_NEWLINK) else {
                return;
            };
            // struct ifinfomsg: family, pad, type u16, index i32, flags u32, change u32
            let index = u32::from_ne_bytes([info[4], info[5], info[6], info[7]]);
            let flags = u32::from_ne_bytes([info[8], info[9], info[10], info[11]]);
            let name = netlink::attribute(attributes, IFLA_IFNAME).unwrap_or_default();
            let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_owned();
            let is_it = match &link.mac {
                Some(mac) => netlink::attribute(attributes, IFLA_ADDRESS) == Some(mac),
                None => flags & libc::IFF_LOOPBACK as u32 != 0,
            };
            if is_it {
                by_address = Some(index);
            }
            all.push(Found { index, is_up: flags & libc::IFF_UP as u32 != 0, name });
        })?;
        self.configured.retain(|(index, _)| all.iter().any(|found| found.index == *index));
        let known = self.configured.iter().find(|(_, earlier)| link.mac.is_some() && earlier.mac == link.mac);
        let index = known.map(|(index, _)| *index).or(by_address);
        Ok(all.into_iter().find(|found| Some(found.index) == index))
    }
}

impl Link {
    /// What an earlier request gave the link and this one does not. A container may have taken it away already.
    fn take_back(&self, netlink: &Netlink, index: u32, earlier: &Link) {
        for (destination, gateway) in earlier.routes.iter().filter(|route| !self.routes.contains(route)) {
            let _ = netlink.change(route_message(RTM_DELROUTE, index, *destination, *gateway), 0);
        }
        for network in earlier.addresses.iter().filter(|network| !self.addresses.contains(network)) {
            let _ = netlink.change(address_message(RTM_DELADDR, index, network), 0);
        }
    }

    fn apply(&self, netlink: &Netlink, found: &Found) -> Result<(), Failure> {
        let (index, name) = (found.index, &found.name);
        let renames = self.mac.is_some() && !self.name.is_empty() && self.name != *name;
        if found.is_up && renames {
            // The kernel renames only what is down.
            netlink.change(link_message(index, false), 0).doing(|| format!("take link {} down", self.name))?;
        }
        let mut message = link_message(index, !self.down);
        if let Some(mac) = self.new_mac.as_ref().or(self.mac.as_ref()) {
            message = message.attribute(IFLA_ADDRESS, mac);
        }
        if renames {
            message = message.attribute(IFLA_IFNAME, format!("{}\0", self.name).as_bytes());
        }
        if self.mtu > 0 {
            message = message.attribute(IFLA_MTU, &self.mtu.to_ne_bytes());
        }
        netlink.change(message, 0).doing(|| format!("configure link {}", self.name))?;
        if self.down {
            return Ok(());
        }
        if self.addresses.iter().any(|network| network.address.is_ipv6()) {
            enable_ipv6(if renames { &self.name } else { name })?;
        }
        for network in &self.addresses {
            let added =
                netlink.change(address_message(RTM_NEWADDR, index, network), netlink::CREATE | netlink::REPLACE);
            added.doing(|| format!("give link {} address {}/{}", self.name, network.address, network.prefix))?;
        }
        for (destination, gateway) in &self.routes {
            let message = route_message(RTM_NEWROUTE, index, *destination, *gateway);
            let added = netlink.change(message, netlink::CREATE | netlink::REPLACE);
            added.doing(|| format!("route {destination:?} by {gateway:?} on link {}", self.name))?;
        }
        Ok(())
    }
}

/// The guest's kernel starts without, which saves it its neighbour discovery where nobody has an address.
fn enable_ipv6(name: &str) -> Result<(), Failure> {
    let path = format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6");
    files::write(&path, "0").doing(|| format!("enable IPv6 on link {name}"))
}

/// What sysfs says of the first card, where there is one: less work for the kernel than a list of all links.
fn first() -> Option<Card> {
    let address = files::read(format!("/sys/class/net/{FIRST_LINK}/address")).ok()?;
    let index = files::read(format!("/sys/class/net/{FIRST_LINK}/ifindex")).ok()?;
    Some(Card { index: index.trim().parse().ok()?, mac: mac(address.trim())? })
}

/// Brings loopback up in a network namespace that has just been made.
pub fn bring_up_loopback() -> Result<(), Failure> {
    Netlink::open()
        .and_then(|netlink| netlink.change(link_message(LOOPBACK, true), 0))
        .doing(|| "bring up loopback".into())
}

fn link_message(index: u32, up: bool) -> Message {
    let mut info = [0; 16];
    info[4..8].copy_from_slice(&index.to_ne_bytes());
    info[8..12].copy_from_slice(&u32::from(up).to_ne_bytes());
    info[12..16].copy_from_slice(&(libc::IFF_UP as u32).to_ne_bytes());
    Message::new(RTM_NEWLINK, &info)
}

/// struct ifaddrmsg: family, prefix length, flags, scope, index u32.
fn address_message(kind: u16, index: u32, network: &Network) -> Message {
    let mut info = [family(network.address), network.prefix, 0, RT_SCOPE_UNIVERSE, 0, 0, 0, 0];
    info[4..].copy_from_slice(&index.to_ne_bytes());
    let bytes = bytes(network.address);
    let mut message = Message::new(kind, &info).attribute(IFA_LOCAL, &bytes).attribute(IFA_ADDRESS, &bytes);
    if network.address.is_ipv6() {
        // The host has chosen the address; a container should not wait a second for proof that it is free.
        message = message.attribute(IFA_FLAGS, &IFA_F_NODAD.to_ne_bytes());
    }
    message
}

/// struct rtmsg: family, destination and source length, tos, table, protocol, scope, type, flags u32.
fn route_message(kind: u16, index: u32, destination: Option<Network>, gateway: Option<IpAddr>) -> Message {
    let family = family(destination.map(|network| network.address).or(gateway).unwrap_or(IpAddr::from([0; 4])));
    let scope = if gateway.is_some() || family == libc::AF_INET6 as u8 { RT_SCOPE_UNIVERSE } else { RT_SCOPE_LINK };
    let prefix = destination.map_or(0, |network| network.prefix);
    let info = [family, prefix, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, scope, RTN_UNICAST, 0, 0, 0, 0];
    let mut message = Message::new(kind, &info).attribute(RTA_OIF, &index.to_ne_bytes());
    if let Some(network) = destination.filter(|network| network.prefix > 0) {
        message = message.attribute(RTA_DST, &bytes(network.address));
    }
    if let Some(gateway) = gateway {
        message = message.attribute(RTA_GATEWAY, &bytes(gateway));
    }
    message
}

fn family(address: IpAddr) -> u8 {
    (if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }) as u8
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn mac(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        *byte = u8::from_str_radix(parts.next().filter(|part| part.len() == 2)?, 16).ok()?;
    }
    if parts.next().is_none() { Some(mac) } else { None }
}

fn network(text: &str) -> Option<Network> {
    let (address, prefix) = text.split_once('/')?;
    let network = Network { address: address.parse().ok()?, prefix: prefix.parse().ok()? };
    let most = if network.address.is_ipv4() { 32 } else { 128 };
    (network.prefix <= most).then_some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        assert_eq!(mac("52:54:00:aB:cd:01"), Some([0x52, 0x54, 0, 0xab, 0xcd, 1]));
        for text in ["", "52:54:00:ab:cd", "52:54:00:ab:cd:01:02", "52:54:00:ab:cd:1", "gg:54:00:ab:cd:01"] {
            assert_eq!(mac(text), None, "{text}");
        }
        assert_eq!(network("10.0.0.2/24"), Some(Network { address: [10, 0, 0, 2].into(), prefix: 24 }));
        for text in ["10.0.0.2", "10.0.0.2/33", "fd00::1/129", "10.0.0/8", "/8"] {
            assert_eq!(network(text), None, "{text}");
        }
    }

    #[test]
    fn requests_that_make_no_sense_are_refused() {
        let request = |mac: &str, name: &str, address: &str| ConfigureLinkRequest {
            mac: mac.into(),
            name: name.into(),
            addresses: vec![address.into()],
            ..ConfigureLinkRequest::default()
        };
        assert!(Link::parse(&request("52:54:00:ab:cd:01", "eth0", "10.0.0.2/24")).is_ok());
        assert!(Link::parse(&request("52:54", "eth0", "10.0.0.2/24")).is_err());
        assert!(Link::parse(&request("", "a/b", "10.0.0.2/24")).is_err());
        assert!(Link::parse(&request("", "eth0", "10.0.0.2")).is_err());
    }
}
