/** The version of the code; every shipped addon is released with it. */
export const VERSION = '0.1.0';
