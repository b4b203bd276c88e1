//! Service managers: who starts and stops the product.
