import { integer, list, rate } from '#kernel';

/** What `security-csp` reads from the environment. */
export const cspConfig = {
  CSP_IP_REPORT_RATE: rate({
    summary: 'violation reports of one address (IPv6: one /64) that are read',
    fallback: 20_000,
  }),
  CSP_REPORT_RATE: rate({
    summary: 'violation reports of everybody together that are read',
    fallback: 600_000,
  }),
  CSP_NEW_GROUPS_PER_HOUR: integer({
    summary: 'groups that reports may begin in an hour, of each app; others are only counted',
    fallback: 1_000,
    min: 1,
    max: 1_000_000,
  }),
  CSP_BACKLOG_GROUPS: integer({
    summary: 'groups whose reports wait in memory to be stored; others are dropped and counted',
    fallback: 5_000,
    min: 10,
    max: 100_000,
  }),
  CSP_STORE_MS: integer({
    summary: 'rest between two turns of storing: what a killed process loses at most, in ms',
    fallback: 500,
    min: 50,
    max: 1_000,
  }),
  CSP_SAMPLE_CHARACTERS: integer({
    summary: 'characters of blocked code that are kept of a sample; they may hold personal data',
    fallback: 0,
    min: 0,
    max: 40,
  }),
  CSP_RETENTION_DAYS: integer({
    summary: 'days after which groups that nobody judged and that are not reported are forgotten',
    fallback: 90,
    min: 14,
    max: 400,
  }),
  CSP_SAMPLE_DAYS: integer({
    summary: 'days after which single reports are forgotten',
    fallback: 30,
    min: 1,
    max: 400,
  }),
  CSP_INJECTED_HOSTS: list({
    summary: 'further hosts whose scripts others put into pages: noise, with all below them',
  }),
} as const;
