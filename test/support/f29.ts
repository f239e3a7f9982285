/** The built library of the Form 29, for tests of its parts. */
export { dueDate } from '../../modules/sii-connector/tables/due-date.js';
