//! Claim × state → Plan. Pure: no clock, no input, no output.
