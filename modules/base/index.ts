/**
 * The public door of `base`: what other addons may use of companies, branches, registers,
 * users, settings and numbering.
 *
 * @packageDocumentation
 */
export { baseAddon } from './base.addon.js';
export { BaseModule } from './base.module.js';
export type { Branch } from './branch/branch.entity.js';
export { BranchInactive } from './branch/branch.problems.js';
export { BranchService } from './branch/branch.service.js';
export { CompanyService } from './company/company.service.js';
export { Numbering } from './numbering/numbering.service.js';
export { RegisterInactive } from './register/register.problems.js';
export { RegisterService } from './register/register.service.js';
export { SettingService } from './setting/setting.service.js';
export { User } from './user/user.entity.js';
export { UserChanged } from './user/user.events.js';
export { UserService } from './user/user.service.js';
export { UserView } from './user/user.view.js';
