/** What memory next to an output holds before a call, and must hold after it. */
export const GUARD = -7.25;

/** What an output holds before a call: an element that still does was not written. */
export const STALE = 1234.5;

/** How many elements lie behind the part of a larger piece of memory that is wrapped. */
export const PADDING = 9;
