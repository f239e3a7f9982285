/** The languages that problems and pages are written in. */
export type Language = 'es' | 'en';
