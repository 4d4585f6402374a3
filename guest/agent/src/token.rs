//! What a ready descriptor is, packed into the 64 bits epoll carries.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Channel,
    /// A child ended.
    Children,
    /// The kernel found a device.
    Uevents,
    /// Somebody asks for a name.
    Names,
    /// A child that is being started has something to say. The number is [`crate::process::Process::serial`].
    Control(u32),
    Stdout(u32),
    Stderr(u32),
    Stdin(u32),
    /// memory.events of the container whose init has this serial.
    Memory(u32),
}

impl Token {
    pub fn pack(self) -> u64 {
        let (kind, serial) = match self {
            Token::Channel => (0, 0),
            Token::Names => (1, 0),
            Token::Children => (2, 0),
            Token::Uevents => (3, 0),
            Token::Control(serial) => (4, serial),
            Token::Stdout(serial) => (5, serial),
            Token::Stderr(serial) => (6, serial),
            Token::Stdin(serial) => (7, serial),
            Token::Memory(serial) => (8, serial),
        };
        (kind << 32) | u64::from(serial)
    }

    pub fn unpack(bits: u64) -> Token {
        let serial = bits as u32;
        match bits >> 32 {
            0 => Token::Channel,
            1 => Token::Names,
            2 => Token::Children,
            3 => Token::Uevents,
            4 => Token::Control(serial),
            5 => Token::Stdout(serial),
            6 => Token::Stderr(serial),
            7 => Token::Stdin(serial),
            _ => Token::Memory(serial),
        }
    }
}
