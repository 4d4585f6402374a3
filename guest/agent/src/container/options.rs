//! Mount options as mount(8) and the runtime spec name them
//! (https://github.com/opencontainers/runtime-spec/blob/main/config.md#linux-mount-options).

use crate::sys::mounts::*;

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// MS_* for mount(2); what a bind takes of them goes through [`Options::attributes`].
    pub flags: u64,
    cleared: u64,
    pub bind: bool,
    pub recursive: bool,
    /// For the mount and all below it.
    pub deep: Attributes,
    /// MS_SHARED and the like, or 0.
    pub propagation: u64,
    pub propagation_recursive: bool,
    /// Begin a tmpfs with what it covers.
    pub copy_up: bool,
    /// What is the file system's own.
    pub data: String,
}

const ATIME: u64 = libc::MS_NOATIME | libc::MS_RELATIME | libc::MS_STRICTATIME;

/// Name, flag, whether the name clears it.
const FLAGS: [(&str, u64, bool); 26] = [
    ("defaults", 0, false),
    ("ro", libc::MS_RDONLY, false),
    ("rw", libc::MS_RDONLY, true),
    ("nosuid", libc::MS_NOSUID, false),
    ("suid", libc::MS_NOSUID, true),
    ("nodev", libc::MS_NODEV, false),
    ("dev", libc::MS_NODEV, true),
    ("noexec", libc::MS_NOEXEC, false),
    ("exec", libc::MS_NOEXEC, true),
    ("sync", libc::MS_SYNCHRONOUS, false),
    ("async", libc::MS_SYNCHRONOUS, true),
    ("dirsync", libc::MS_DIRSYNC, false),
    ("mand", libc::MS_MANDLOCK, false),
    ("nomand", libc::MS_MANDLOCK, true),
    ("noatime", libc::MS_NOATIME, false),
    ("atime", libc::MS_NOATIME, true),
    ("nodiratime", libc::MS_NODIRATIME, false),
    ("diratime", libc::MS_NODIRATIME, true),
    ("relatime", libc::MS_RELATIME, false),
    ("norelatime", libc::MS_RELATIME, true),
    ("strictatime", libc::MS_STRICTATIME, false),
    ("nostrictatime", libc::MS_STRICTATIME, true),
    ("nosymfollow", MS_NOSYMFOLLOW, false),
    ("symfollow", MS_NOSYMFOLLOW, true),
    ("silent", libc::MS_SILENT, false),
    ("lazytime", 1 << 25, false),
];
const MS_NOSYMFOLLOW: u64 = 256;

const PROPAGATION: [(&str, u64); 4] = [
    ("shared", libc::MS_SHARED),
    ("slave", libc::MS_SLAVE),
    ("private", libc::MS_PRIVATE),
    ("unbindable", libc::MS_UNBINDABLE),
];

/// Flag of mount(2), attribute of mount_setattr(2).
const ATTRIBUTES: [(u64, u64); 8] = [
    (libc::MS_RDONLY, ATTR_RDONLY),
    (libc::MS_NOSUID, ATTR_NOSUID),
    (libc::MS_NODEV, ATTR_NODEV),
    (libc::MS_NOEXEC, ATTR_NOEXEC),
    (libc::MS_NOATIME, ATTR_NOATIME),
    (libc::MS_STRICTATIME, ATTR_STRICTATIME),
    (libc::MS_NODIRATIME, ATTR_NODIRATIME),
    (MS_NOSYMFOLLOW, ATTR_NOSYMFOLLOW),
];

impl Options {
    pub fn parse(options: &[String]) -> Options {
        let mut parsed = Options::default();
        for option in options.iter().flat_map(|option| option.split(',')) {
            parsed.add(option);
        }
        parsed
    }

    fn add(&mut self, option: &str) {
        if let Some((_, flag, clears)) = FLAGS.iter().find(|(name, ..)| *name == option) {
            let (to, from) =
                if *clears { (&mut self.cleared, &mut self.flags) } else { (&mut self.flags, &mut self.cleared) };
            *to |= flag;
            *from &= !flag;
            return;
        }
        if let Some((flag, recursive)) = propagation(option) {
            (self.propagation, self.propagation_recursive) = (flag, recursive);
            return;
        }
        match option {
            "bind" => self.bind = true,
            "rbind" => (self.bind, self.recursive) = (true, true),
            "tmpcopyup" => self.copy_up = true,
            _ => match option.strip_prefix('r').and_then(|name| FLAGS.iter().find(|(n, ..)| *n == name)) {
                Some((_, flag, clears)) => {
                    let attributes = if *clears { attributes(0, *flag) } else { attributes(*flag, 0) };
                    self.deep.set = self.deep.set & !attributes.clear | attributes.set;
                    self.deep.clear = self.deep.clear & !attributes.set | attributes.clear;
                }
                None if option.is_empty() => {}
                None => {
                    if !self.data.is_empty() {
                        self.data.push(',');
                    }
                    self.data.push_str(option);
                }
            },
        }
    }

    /// What to change of the mount that a bind makes, which takes over everything from its source.
    pub fn attributes(&self) -> Attributes {
        attributes(self.flags, self.cleared)
    }
}

/// "rslave": MS_SLAVE, and recursive.
pub fn propagation(option: &str) -> Option<(u64, bool)> {
    PROPAGATION.iter().find_map(|(name, flag)| match option.strip_suffix(name)? {
        "" => Some((*flag, false)),
        "r" => Some((*flag, true)),
        _ => None,
    })
}

fn attributes(set: u64, clear: u64) -> Attributes {
    let mut attributes = Attributes::default();
    for (flag, attribute) in ATTRIBUTES {
        if set & flag != 0 {
            attributes.set |= attribute;
        }
        if clear & flag != 0 {
            attributes.clear |= attribute;
        }
    }
    // The access time mode is one field, not bits: to set it, all of it has to be cleared (mount_setattr(2)).
    if (set | clear) & ATIME != 0 {
        attributes.clear = attributes.clear & !ATTR_ATIME | ATTR_ATIME;
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[&str]) -> Options {
        Options::parse(&options.iter().map(|o| o.to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn flags_and_data_are_told_apart() {
        let options = parse(&["nosuid", "ro", "noexec", "exec", "mode=755", "size=64k"]);
        assert_eq!(options.flags, libc::MS_NOSUID | libc::MS_RDONLY);
        assert_eq!(options.data, "mode=755,size=64k");
    }

    #[test]
    fn binds_have_attributes() {
        let options = parse(&["rbind", "rprivate", "ro", "noatime"]);
        assert!(options.bind && options.recursive && options.propagation_recursive);
        assert_eq!(options.propagation, libc::MS_PRIVATE);
        let expected = Attributes { set: ATTR_RDONLY | ATTR_NOATIME, clear: ATTR_ATIME, ..Attributes::default() };
        assert_eq!(options.attributes(), expected);
        assert_eq!(parse(&["rw"]).attributes().clear, ATTR_RDONLY);
        assert_eq!(parse(&["relatime"]).attributes(), Attributes { clear: ATTR_ATIME, ..Attributes::default() });
    }

    #[test]
    fn recursive_attributes_and_names_that_begin_with_r() {
        let options = parse(&["rro", "rnosuid", "relatime", "rw", "rsize=4096"]);
        assert_eq!(options.deep.set, ATTR_RDONLY | ATTR_NOSUID);
        assert_eq!(options.flags, libc::MS_RELATIME);
        assert_eq!(options.data, "rsize=4096");
        assert_eq!(propagation("rshared"), Some((libc::MS_SHARED, true)));
        assert_eq!(propagation("xshared"), None);
    }
}
