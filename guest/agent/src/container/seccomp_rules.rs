//! Comparisons of system call arguments, in instructions that know 32 bits only.

use super::seccomp::{LOAD, RETURN, jump, statement};
use crate::failure::Failure;
use crate::spec::SyscallArg;
use libc::sock_filter;

const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const IF_EQUAL: u16 = 0x15;
const IF_GREATER: u16 = 0x25;
const IF_AT_LEAST: u16 = 0x35;

/// Conditions that all have to hold for `action`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    conditions: Vec<Condition>,
    action: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Condition {
    index: u32,
    operator: Operator,
    value: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    MaskedEqual { mask: u64 },
}

impl Rule {
    /// The rules of one entry of the profile: none when it has no arguments; one for each argument when several are
    /// about the same (so runc reads it).
    pub fn of(args: &[SyscallArg], action: u32) -> Result<Vec<Rule>, Failure> {
        let conditions = args.iter().map(Condition::of).collect::<Result<Vec<_>, _>>()?;
        let repeated = conditions.iter().enumerate().any(|(at, c)| conditions[..at].iter().any(|d| d.index == c.index));
        Ok(match conditions.len() {
            0 => Vec::new(),
            _ if repeated => conditions.into_iter().map(|c| Rule { conditions: vec![c], action }).collect(),
            _ => vec![Rule { conditions, action }],
        })
    }
}

impl Condition {
    fn of(arg: &SyscallArg) -> Result<Condition, Failure> {
        if arg.index > 5 {
            return Err(Failure::other(format!("compile the seccomp profile: there is no argument {}", arg.index)));
        }
        let (operator, value) = match arg.op.as_str() {
            "SCMP_CMP_EQ" => (Operator::Equal, arg.value),
            "SCMP_CMP_NE" => (Operator::NotEqual, arg.value),
            "SCMP_CMP_LT" => (Operator::Less, arg.value),
            "SCMP_CMP_LE" => (Operator::LessOrEqual, arg.value),
            "SCMP_CMP_GT" => (Operator::Greater, arg.value),
            "SCMP_CMP_GE" => (Operator::GreaterOrEqual, arg.value),
            "SCMP_CMP_MASKED_EQ" => (Operator::MaskedEqual { mask: arg.value }, arg.value_two),
            op => return Err(Failure::other(format!("compile the seccomp profile: operator {op} is not known"))),
        };
        Ok(Condition { index: arg.index, operator, value })
    }

    /// Instructions that end behind themselves when the condition holds, and `miss` instructions further when not.
    fn emit(&self, miss: u8) -> Vec<sock_filter> {
        // struct seccomp_data: number, architecture, instruction pointer, then the arguments, low half first.
        let low = 16 + 8 * self.index;
        let (load_low, load_high) = (statement(LOAD, low), statement(LOAD, low + 4));
        let (value_low, value_high) = (self.value as u32, (self.value >> 32) as u32);
        let ordered = |code: u16, hit: u8, miss: u8| {
            vec![
                load_high,
                jump(IF_GREATER, value_high, hit + 3, 0),
                jump(IF_EQUAL, value_high, 0, miss + 2),
                load_low,
                jump(code, value_low, hit, miss),
            ]
        };
        match self.operator {
            Operator::Equal => {
                vec![load_high, jump(IF_EQUAL, value_high, 0, miss + 2), load_low, jump(IF_EQUAL, value_low, 0, miss)]
            }
            Operator::NotEqual => {
                vec![load_high, jump(IF_EQUAL, value_high, 0, 2), load_low, jump(IF_EQUAL, value_low, miss, 0)]
            }
            Operator::Greater => ordered(IF_GREATER, 0, miss),
            Operator::GreaterOrEqual => ordered(IF_AT_LEAST, 0, miss),
            Operator::Less => ordered(IF_AT_LEAST, miss, 0),
            Operator::LessOrEqual => ordered(IF_GREATER, miss, 0),
            Operator::MaskedEqual { mask } => vec![
                load_high,
                statement(AND, (mask >> 32) as u32),
                jump(IF_EQUAL, value_high, 0, miss + 3),
                load_low,
                statement(AND, mask as u32),
                jump(IF_EQUAL, value_low, 0, miss),
            ],
        }
    }
}

/// Returns the action of the first rule that holds, or `default`.
pub fn emit_rules(rules: &[Rule], default: u32) -> Vec<sock_filter> {
    let mut code = Vec::new();
    for rule in rules {
        // Backwards, so that each condition knows how far it is to the end of its rule.
        let mut tail = vec![statement(RETURN, rule.action)];
        for condition in rule.conditions.iter().rev() {
            let mut part = condition.emit(tail.len() as u8);
            part.append(&mut tail);
            tail = part;
        }
        code.append(&mut tail);
    }
    code.push(statement(RETURN, default));
    code
}
