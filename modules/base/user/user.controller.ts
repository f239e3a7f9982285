import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Allow,
  Answers,
  Creates,
  Edits,
  Id,
  IfMatch,
  Lists,
  mapPage,
  Sensitive,
  StepUp,
} from '#kernel';
import type { Page } from '#kernel';
import { CreateUser, EditUser } from './user.input.js';
import { LastAdmin, LoginTaken, UnknownRole } from './user.problems.js';
import { userList, UserService } from './user.service.js';
import { UserView } from './user.view.js';

@ApiTags('base')
@Controller('api/v1/base/users')
export class UserController {
  constructor(private readonly users: UserService) {}

  @Get()
  @Allow('base.user.read')
  @Lists(UserView, userList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<UserView>> {
    return mapPage(await this.users.list(query), UserView.of);
  }

  @Get(':id')
  @Allow('base.user.read')
  @Answers(UserView)
  async show(@Id() id: string): Promise<UserView> {
    return UserView.of(await this.users.show(id));
  }

  @Post()
  @Allow('base.user.create')
  @Sensitive()
  @StepUp()
  @Creates(UserView, LoginTaken, UnknownRole)
  async create(@Body() input: CreateUser): Promise<UserView> {
    return UserView.of(await this.users.create(input));
  }

  @Patch(':id')
  @Allow('base.user.edit')
  @Sensitive()
  @StepUp()
  @Edits(UserView, UnknownRole, LastAdmin)
  async edit(
    @Id() id: string,
    @Body() input: EditUser,
    @IfMatch() version: number,
  ): Promise<UserView> {
    return UserView.of(await this.users.edit(id, input, version));
  }
}
