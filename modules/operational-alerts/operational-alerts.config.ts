import { integer, list, text } from '#kernel';

/** What `operational-alerts` reads from the environment. */
export const alertsConfig = {
  OPERATOR_COMPANY_ID: text({
    summary: 'id of the company that sees the alerts of the installation; unset: the oldest',
  }),
  ALERT_SPOOL: text({
    summary: 'folder for what is recorded without the database; default OFITEC_HOME/alerts',
  }),
  ALERT_PRIVATE_HOSTS: list({
    summary: 'hosts on private networks or this machine that notifications may be sent to',
  }),
  ALERT_DISK_PATHS: list({ summary: 'folders whose disks are measured; unset: OFITEC_HOME' }),
  ALERT_DISK_LEAST_PERCENT: integer({
    summary: 'free space of a disk, in percent, under which disk.low is raised',
    fallback: 10,
    min: 1,
    max: 99,
  }),
  ALERT_CERTIFICATES: list({
    summary:
      'certificates that are watched: host:port as they are served ([address]:port of IPv6), or files of PEM',
  }),
  ALERT_CERTIFICATE_DAYS: integer({
    summary: 'days before its end from which on certificate.expiring is raised',
    fallback: 21,
    min: 1,
    max: 365,
  }),
  ALERT_STANDBYS: integer({
    summary: 'standbys that must follow the database, beside those that it waits for itself',
    fallback: 0,
    min: 0,
    max: 20,
  }),
  ALERT_STANDBY_LAG_SECONDS: integer({
    summary: 'seconds that a standby may be behind before replication.degraded is raised',
    fallback: 30,
    min: 1,
    max: 86_400,
  }),
  SMTP_URL: text({
    summary: 'mail server, smtp://user:password@host:587 or smtps://…; unset: no e-mail',
    secret: true,
  }),
  MAIL_FROM: text({ summary: 'sender of e-mails; default ofitec@localhost' }),
} as const;
