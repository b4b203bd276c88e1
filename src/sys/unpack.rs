//! Unpacks an archive whose digest is right.
