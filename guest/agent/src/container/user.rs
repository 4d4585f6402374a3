//! "user", "uid", "user:group" or "uid:gid", resolved by the passwd and group files of an image, which are hostile:
//! only regular files count, and no more than a bounded part of them is read.

use crate::api::start_failure::Reason;
use crate::failure::Failure;
use crate::spec;
use crate::sys::files;
use std::cell::OnceCell;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

/// Linux keeps the upper half for "no id".
const MAX_ID: u32 = i32::MAX as u32;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
    pub home: String,
}

/// The texts of /etc/passwd and /etc/group as this process sees them, read when they are needed; empty where there is
/// no such file.
#[derive(Default)]
pub struct Accounts {
    passwd: OnceCell<String>,
    group: OnceCell<String>,
}

struct Account<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

impl Accounts {
    /// Resolves `user`; where it is empty, takes the spec's numbers, and a home directory only if one is asked for.
    pub fn identify(&self, user: &str, spec: &spec::User, with_home: bool) -> Result<Identity, Failure> {
        let mut identity = if user.is_empty() {
            let account = if with_home { self.account(|account| account.uid == spec.uid) } else { None };
            let home = account.map_or("/", |account| account.home).into();
            Identity { uid: spec.uid, gid: spec.gid, groups: Vec::new(), home }
        } else {
            self.resolve(user)?
        };
        for gid in &spec.additional_gids {
            if !identity.groups.contains(gid) {
                identity.groups.push(*gid);
            }
        }
        Ok(identity)
    }

    fn resolve(&self, user: &str) -> Result<Identity, Failure> {
        let (name, group) = user.split_once(':').map_or((user, None), |(name, group)| (name, Some(group)));
        let number = number(name);
        let account = match number {
            Some(uid) => self.account(|account| account.uid == uid),
            None => self.account(|account| account.name == name),
        };
        let mut identity = match (&account, number) {
            (Some(a), _) => Identity { uid: a.uid, gid: a.gid, groups: Vec::new(), home: a.home.into() },
            (None, Some(uid)) if uid <= MAX_ID => Identity { uid, home: "/".into(), ..Identity::default() },
            _ => return Err(unknown(user, format!("no user \"{name}\" in the image's /etc/passwd"))),
        };
        match group.filter(|group| !group.is_empty()) {
            Some(group) => identity.gid = self.group_id(user, group)?,
            None => {
                if let Some(account) = account {
                    identity.groups = self.groups_of(account.name);
                }
            }
        }
        Ok(identity)
    }

    fn group_id(&self, user: &str, group: &str) -> Result<u32, Failure> {
        match number(group) {
            Some(gid) if gid <= MAX_ID => Ok(gid),
            Some(_) => Err(unknown(user, format!("{group} is no group id"))),
            None => self
                .groups()
                .find_map(|(name, gid, _)| (name == group).then_some(gid))
                .ok_or_else(|| unknown(user, format!("no group \"{group}\" in the image's /etc/group"))),
        }
    }

    fn groups_of(&self, user: &str) -> Vec<u32> {
        let mine = |members: &str| members.split(',').any(|member| member == user);
        self.groups().filter(|(_, _, members)| mine(members)).map(|(_, gid, _)| gid).collect()
    }

    fn account(&self, wanted: impl Fn(&Account) -> bool) -> Option<Account<'_>> {
        self.passwd.get_or_init(|| regular("/etc/passwd")).lines().filter_map(account).find(wanted)
    }

    fn groups(&self) -> impl Iterator<Item = (&str, u32, &str)> {
        self.group.get_or_init(|| regular("/etc/group")).lines().filter_map(|line| {
            let mut fields = line.split(':');
            let (name, _password, gid) = (fields.next()?, fields.next()?, fields.next()?);
            Some((name, id(gid)?, fields.next().unwrap_or("")))
        })
    }
}

fn account(line: &str) -> Option<Account<'_>> {
    let mut fields = line.split(':');
    let (name, _password, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let home = fields.nth(1).filter(|home| !home.is_empty()).unwrap_or("/");
    Some(Account { name, uid: id(uid)?, gid: id(gid)?, home })
}

/// A number that can be somebody's: the last one means "unchanged" to setresuid(2).
fn id(text: &str) -> Option<u32> {
    number(text).filter(|id| *id <= MAX_ID)
}

/// Digits only: not the "+5" that Rust would take.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn unknown(user: &str, fact: String) -> Failure {
    Failure::new(Reason::User, libc::ENOENT, format!("become user {user}: {fact}"))
}

fn regular(path: &str) -> String {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) if file.metadata().is_ok_and(|metadata| metadata.is_file()) => {
            files::read_text(file).unwrap_or_default()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd: OnceCell::from(
                "root:x:0:0:root:/root:/bin/sh\nbroken\nbob:x:7:8::/home/bob:/bin/sh\n9:x:70:80::/nine:\n:::\nmax:x:4294967295:4294967295::/:"
                    .to_string(),
            ),
            group: OnceCell::from(
                "root:x:0:\nwheel:x:10:bob,eve\nbobs:x:8:\nnet:x:11:eve,bob\nx:y\nbad:x:-1:bob\n".to_string(),
            ),
        }
    }

    fn resolve(user: &str) -> Result<(u32, u32, Vec<u32>, String), Reason> {
        let identity = accounts().identify(user, &spec::User::default(), true).map_err(|e| e.reason)?;
        Ok((identity.uid, identity.gid, identity.groups, identity.home))
    }

    #[test]
    fn an_id_that_would_leave_root_as_it_is_is_nobodys() {
        assert_eq!(resolve("max"), Err(Reason::User));
        assert_eq!(resolve("4294967295"), Err(Reason::User));
    }

    #[test]
    fn names_bring_their_groups_and_home() {
        assert_eq!(resolve("bob"), Ok((7, 8, vec![10, 11], "/home/bob".into())));
        assert_eq!(resolve("7"), Ok((7, 8, vec![10, 11], "/home/bob".into())));
    }

    #[test]
    fn a_group_that_is_given_replaces_them() {
        assert_eq!(resolve("bob:wheel"), Ok((7, 10, vec![], "/home/bob".into())));
        assert_eq!(resolve("bob:4"), Ok((7, 4, vec![], "/home/bob".into())));
    }

    #[test]
    fn numbers_need_no_account() {
        assert_eq!(resolve("1234"), Ok((1234, 0, vec![], "/".into())));
        assert_eq!(resolve("1234:99"), Ok((1234, 99, vec![], "/".into())));
    }

    #[test]
    fn the_unknown_is_refused() {
        for user in ["eve", "bob:staff", "4294967295", "99999999999", "+5", "bob:4294967295", ":"] {
            assert_eq!(resolve(user), Err(Reason::User), "{user}");
        }
    }

    #[test]
    fn without_a_name_the_spec_counts() {
        let spec = spec::User { uid: 7, gid: 1, umask: None, additional_gids: vec![5, 5] };
        let identity = accounts().identify("", &spec, true).unwrap();
        let expected = Identity { uid: 7, gid: 1, groups: vec![5], home: "/home/bob".into() };
        assert_eq!(identity, expected);
    }
}
