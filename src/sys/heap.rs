//! How much memory that is free the process keeps.

/// What is kept at most, about twice over.
const KEPT: usize = 1 << 20;

/// Lets the heap keep a little of what is free, for as long as the process lives.
///
/// SQLite takes 150 KiB for each table that is dropped, and gives them back at once. With glibc they lie at the end of the heap,
/// which it gives back to the system whenever more than 128 KiB are free there: with a thousand migrations that took longer than
/// reading, splitting and running their files. Once a block of its own was given back, its size is the new measure (mallopt(3),
/// `M_MMAP_THRESHOLD`); other allocators do not care.
pub fn keep_free() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT)));
}
