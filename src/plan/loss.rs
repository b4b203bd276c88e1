//! What would be lost, in rows and columns by table.
