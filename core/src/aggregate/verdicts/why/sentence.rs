//! The answer of `why` in a sentence.

use super::{Judged, Near, Stretch, Why};
use crate::origin::RuleOrigin;
use crate::time::format_time_ms;
use crate::tuple::Action;

/// NICs on one path log a flow this close to each other.
const PATH_MS: i64 = 1_000;

impl Why {
    /// The answer in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let stretches = self.stretches();
        let (backwards, forwards): (Vec<_>, Vec<_>) =
            stretches.into_iter().partition(|stretch| stretch.judged.is_backwards);
        let port = self.port.map_or_else(String::new, |port| format!(" on port {port}"));
        let question = format!("{} to {}{port}", self.src_ip, self.dst_ip);
        let mut sentence =
            if forwards.is_empty() { self.no_tuple(&question) } else { self.verdict(&question, &forwards) };
        if let Some(last) = latest(&backwards) {
            let word = if last.judged.verdict == Action::Deny { "denied" } else { "allowed" };
            sentence.push_str(&format!(
                "; the other way round, {} to {}{port}, flows were {word} by {}",
                self.dst_ip,
                self.src_ip,
                rule_text(last.judged)
            ));
        }
        sentence
    }

    fn verdict(&self, question: &str, stretches: &[Stretch<'_>]) -> String {
        let denials: Vec<&Stretch<'_>> = of_verdict(stretches, Action::Deny);
        let passes: Vec<&Stretch<'_>> = of_verdict(stretches, Action::Allow);
        let last =
            |stretches: &[&Stretch<'_>]| stretches.iter().filter_map(|stretch| stretch.span.last_ms()).max();
        let is_denied = match (last(&denials), last(&passes)) {
            (Some(denied_ms), Some(passed_ms)) => denied_ms.saturating_add(PATH_MS) >= passed_ms,
            (denied_ms, _) => denied_ms.is_some(),
        };
        let mut parts = Vec::new();
        if is_denied {
            parts.extend(list("denied", &denials, true));
            parts.extend(list("allowed", &passes, false));
        } else {
            parts.extend(list("allowed", &passes, true));
            parts.push(answer_text(&passes).to_owned());
            parts.extend(list("denied", &denials, false));
        }
        let of_dst = self.nics_of(|near| near.dst);
        let is_seen_there = stretches.iter().any(|stretch| of_dst.contains(&stretch.judged.mac.as_deref()));
        if of_dst.is_empty() {
            parts.push(format!("no NIC of {} is in the data", self.dst_ip));
        } else if !is_seen_there {
            parts.push(format!("no NIC of {} logged it", self.dst_ip));
        }
        format!("{question}: {}", parts.join("; "))
    }

    fn no_tuple(&self, question: &str) -> String {
        let (of_src, of_dst) = (self.nics_of(|near| near.src), self.nics_of(|near| near.dst));
        let reason = match (of_src.is_empty(), of_dst.is_empty()) {
            _ if self.nics.is_empty() => "the data hold no tuples at all".to_owned(),
            (true, true) => format!("neither {} nor {} has a NIC in the data", self.src_ip, self.dst_ip),
            (false, true) => format!(
                "the NIC of {} logged other flows only, so it did not ask, or a flow-log filter left it out",
                self.src_ip
            ),
            (true, false) => format!(
                "{} has no NIC in the data, and nothing arrived at the NIC of {}: it did not ask, or was stopped on the way",
                self.src_ip, self.dst_ip
            ),
            (false, false) => {
                "both NICs logged other flows only, so it was not asked for, or a flow-log filter left it out"
                    .to_owned()
            }
        };
        format!("{question}: no tuple, the log can't tell: {reason}")
    }

    /// The NICs that are taken to be those of an end.
    fn nics_of(&self, near: impl Fn(&Near) -> u64) -> Vec<Option<&str>> {
        let nics = self.nics.iter().filter(|(mac, counts)| mac.is_some() && near(counts) * 2 > counts.tuples);
        nics.map(|(mac, _)| mac.as_deref()).collect()
    }
}

fn of_verdict<'s, 'j>(stretches: &'s [Stretch<'j>], verdict: Action) -> Vec<&'s Stretch<'j>> {
    stretches.iter().filter(|stretch| stretch.judged.verdict == verdict).collect()
}

fn latest<'s, 'j>(stretches: &'s [Stretch<'j>]) -> Option<&'s Stretch<'j>> {
    stretches.iter().max_by_key(|stretch| stretch.span.last_ms())
}

/// `denied by … at NIC … 14 times until …`, for each of the stretches.
fn list(word: &str, stretches: &[&Stretch<'_>], is_now: bool) -> Vec<String> {
    let mut texts = Vec::new();
    for stretch in stretches {
        let nic = stretch.judged.mac.as_deref().unwrap_or("(unknown)");
        let times = match stretch.tries {
            0 => String::new(),
            1 => " once".to_owned(),
            tries => format!(" {tries} times"),
        };
        let time = |time_ms: Option<i64>| time_ms.map_or_else(String::new, format_time_ms);
        let (first, last) = (time(stretch.span.first_ms()), time(stretch.span.last_ms()));
        let when = match stretch.tries {
            0 => format!(" before the data began, seen until {last}"),
            1 => format!(", at {last}"),
            _ => format!(" from {first} until {last}"),
        };
        let before = if is_now { "" } else { "also " };
        texts.push(format!("{before}{word} by {} at NIC {nic}{times}{when}", rule_text(stretch.judged)));
    }
    texts
}

fn answer_text(passes: &[&Stretch<'_>]) -> &'static str {
    if passes.iter().any(|stretch| stretch.is_answered) {
        "and answered"
    } else if passes.iter().any(|stretch| stretch.is_silent) {
        "but never answered: the network let it pass, so look at the destination or at what does not log"
    } else {
        "whether it was answered the log can't tell"
    }
}

fn rule_text(judged: &Judged) -> String {
    let Some(rule) = &judged.rule else { return "an unnamed rule".to_owned() };
    match judged.origin {
        Some(RuleOrigin::Admin) => format!("the security admin rule `{rule}`"),
        Some(RuleOrigin::Default) => format!("the default rule `{rule}`"),
        Some(RuleOrigin::Platform) => format!("the platform (`{rule}`)"),
        Some(RuleOrigin::Encryption) => "virtual network encryption".to_owned(),
        Some(RuleOrigin::User) | None => format!("the rule `{rule}`"),
    }
}
