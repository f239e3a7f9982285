import { Alerts } from './0001-alerts.js';

export const operationalAlertsMigrations = [Alerts];
