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
  SMTP_URL: text({
    summary: 'mail server, smtp://user:password@host:587 or smtps://…; unset: no e-mail',
    secret: true,
  }),
  MAIL_FROM: text({ summary: 'sender of e-mails; default ofitec@localhost' }),
} as const;
