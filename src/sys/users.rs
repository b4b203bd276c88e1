//! The users and groups of this machine, by name.

use std::io;

use nix::unistd::{Group, User};
use thiserror::Error;

use crate::sys::attributes::Owner;

/// A name that stands for nobody.
#[derive(Debug, Error)]
pub enum UserError {
    /// There is no such user.
    #[error("there is no user `{0}`")]
    User(String),
    /// There is no such group.
    #[error("there is no group `{0}`")]
    Group(String),
    /// The names cannot be looked up.
    #[error("cannot look `{name}` up")]
    Lookup {
        /// The name.
        name: String,
        /// Why.
        source: io::Error,
    },
}

/// Who is meant by `user:group`, or by `user`, whose own group it is then.
pub fn owner(names: &str) -> Result<Owner, UserError> {
    let (user, group) = names.split_once(':').map_or((names, None), |(user, group)| (user, Some(group)));
    let lookup = |name: &str, errno: nix::Error| UserError::Lookup { name: name.to_owned(), source: errno.into() };
    let found = User::from_name(user).map_err(|errno| lookup(user, errno))?;
    let found = found.ok_or_else(|| UserError::User(user.to_owned()))?;
    let own = found.gid.as_raw();
    let group = group.map_or(Ok(own), |name| {
        let found = Group::from_name(name).map_err(|errno| lookup(name, errno))?;
        found.map(|group| group.gid.as_raw()).ok_or_else(|| UserError::Group(name.to_owned()))
    })?;
    Ok(Owner { user: found.uid.as_raw(), group })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_a_group_are_found_by_name_and_a_missing_one_is_named() {
        let root = Owner { user: 0, group: 0 };
        assert_eq!(owner("root:root").unwrap(), root);
        assert_eq!(owner("root").unwrap(), root);
        assert_eq!(owner("nobody-has-this-name").unwrap_err().to_string(), "there is no user `nobody-has-this-name`");
        assert!(matches!(owner("root:nobody-has-this-name"), Err(UserError::Group(_))));
    }
}
