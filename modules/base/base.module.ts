import { Module } from '@nestjs/common';
import { BranchController } from './branch/branch.controller.js';
import { BranchService } from './branch/branch.service.js';
import { CompanyController } from './company/company.controller.js';
import { CompanyService } from './company/company.service.js';
import { Numbering } from './numbering/numbering.service.js';
import { RegisterController } from './register/register.controller.js';
import { RegisterService } from './register/register.service.js';
import { SettingController } from './setting/setting.controller.js';
import { SettingService } from './setting/setting.service.js';
import { UserController } from './user/user.controller.js';
import { UserService } from './user/user.service.js';

const services = [
  BranchService,
  CompanyService,
  Numbering,
  RegisterService,
  SettingService,
  UserService,
];

@Module({
  controllers: [
    BranchController,
    CompanyController,
    RegisterController,
    SettingController,
    UserController,
  ],
  providers: services,
  exports: services,
})
export class BaseModule {}
