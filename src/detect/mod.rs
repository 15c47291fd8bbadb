//! Ground floor. Markers, line scanner, identities: facts to evidence, pure.
