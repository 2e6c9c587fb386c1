//! The events of triggers and event notifications, by number, and the groups that stand for several of them.

/// Name and number of each event.
const EVENTS: &str = include_str!("events.tsv");

/// Name, number and events of each group.
const GROUPS: &str = include_str!("event_groups.tsv");

/// An event as `sys.trigger_events` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) number: i32,
    pub(super) name: &'static str,
    /// The group in whose place it stands.
    pub(super) group: Option<(i32, &'static str)>,
}

/// The events that an event or a group stands for; none where it is not known.
pub(super) fn expanded(name: &str) -> Vec<Event> {
    if let Some(event) = event(name) {
        return vec![event];
    }
    for line in GROUPS.lines() {
        let mut fields = line.split('\t');
        let (Some(group), Some(number), Some(members)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if group.eq_ignore_ascii_case(name) {
            let group = (number.parse().unwrap_or_default(), group);
            return members.split(' ').filter_map(event).map(|of| Event { group: Some(group), ..of }).collect();
        }
    }
    Vec::new()
}

fn event(name: &str) -> Option<Event> {
    const DML: [(&str, i32); 3] = [("INSERT", 1), ("UPDATE", 2), ("DELETE", 3)];
    let known = EVENTS.lines().filter_map(|line| line.split_once('\t'));
    let known = known.filter_map(|(name, number)| Some((name, number.parse().ok()?)));
    let (name, number) = DML.into_iter().chain(known).find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(Event { number, name, group: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_for_their_events() {
        let names = |name: &str| expanded(name).iter().map(|event| event.name).collect::<Vec<_>>();
        assert_eq!(names("create_table"), ["CREATE_TABLE"]);
        assert_eq!(names("DDL_VIEW_EVENTS"), ["ALTER_VIEW", "CREATE_VIEW", "DROP_VIEW"]);
        assert_eq!(expanded("DDL_VIEW_EVENTS")[0].group, Some((10_019, "DDL_VIEW_EVENTS")));
        assert!(names("NO_SUCH_EVENT").is_empty());
        for line in GROUPS.lines() {
            let group = line.split('\t').next().unwrap_or_default();
            let members = line.split('\t').nth(2).unwrap_or_default().split(' ').count();
            assert_eq!(expanded(group).len(), members, "{group}");
        }
    }
}
