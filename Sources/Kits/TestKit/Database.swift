/// `withDatabase`, `testLoops` and `SteppedClock` come along: a feature's test imports `TestKit` and has them.
@_exported public import TestDatabase
