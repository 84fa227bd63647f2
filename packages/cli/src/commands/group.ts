// `longwire group`: creates, changes and lists groups, as one of their members.

import type { Group, GroupRole, GroupSettings, GroupSettingsChange } from '@longwire/client';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseGroupArgument, parseUserArgument } from '../arguments/id-arguments.js';
import { invitationText, pendingText, receiptText } from '../client/group-text.js';
import { addOneCommandOptions, makeChange, type OneCommandOptions } from '../client/one-command.js';
import { userText } from '../client/user-names.js';
import { CliFailure, ExitCode } from '../exit-code.js';
import { printable } from '../terminal/printable.js';
import { type Terminal, writeLine } from '../terminal/terminal.js';

interface GroupOptions extends OneCommandOptions {
  readonly json?: boolean;
}
type SettingsOptions = GroupOptions & GroupSettings;
type SettingName = keyof GroupSettings;

const settingNames: readonly SettingName[] = Object.keys({
  title: 0,
  description: 0,
  picture: 0,
  metadata: 0,
  joining: 0,
  history: 0,
  posting: 0,
} satisfies Record<SettingName, 0>) as SettingName[];

const PAGE = 200;
const LINES = 'print one JSON object per line';

export function groupCommand(terminal: Terminal): Command {
  return new Command('group')
    .description('create, change and list groups')
    .addCommand(createCommand(terminal))
    .addCommand(usersCommand(terminal, 'add', 'add users who have written to you, and invite the others; for admins'))
    .addCommand(usersCommand(terminal, 'invite', 'invite users; for owners and admins'))
    .addCommand(usersCommand(terminal, 'remove', 'remove members, and end invitations and requests; for admins'))
    .addCommand(answerCommand(terminal, 'accept', 'accepted', 'accept your invitation, or the request of a user'))
    .addCommand(answerCommand(terminal, 'decline', 'declined', 'decline your invitation, or the request of a user'))
    .addCommand(joinCommand(terminal))
    .addCommand(invitationsCommand(terminal))
    .addCommand(requestsCommand(terminal))
    .addCommand(receiptsCommand(terminal))
    .addCommand(changeCommand(terminal, 'leave', 'left', 'leave a group; the last one who leaves ends it'))
    .addCommand(roleCommand(terminal))
    .addCommand(updateCommand(terminal))
    .addCommand(changeCommand(terminal, 'delete', 'deleted', 'remove all members and end the group; for owners'))
    .addCommand(membersCommand(terminal));
}

function createCommand(terminal: Terminal): Command {
  const command = new Command('create')
    .description('create a group, with you as its owner, and print its id')
    .argument('[group]', 'id of the group; default: a random one', parseGroupArgument)
    .argument('[users...]', 'the first members: who has not written to you is invited', collectUsers);
  return addGroupOptions(addSettingOptions(command))
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (id: string | undefined, users: readonly string[] | undefined, options: SettingsOptions) => {
      const group = await makeChange(options, terminal, 'created', (client, signal) =>
        client.createGroup({ ...settingsOf(options), id, users, signal }),
      );
      await print(terminal, options.json ? JSON.stringify({ group: group.id }) : group.id);
    });
}

function updateCommand(terminal: Terminal): Command {
  const reset = new Option('--reset <setting...>', 'give a setting its default again').choices(settingNames);
  return groupSubcommand('update', 'change settings; for owners and admins', addSettingOptions)
    .addOption(reset)
    .addHelpText('after', UPDATE_EXAMPLES)
    .action(async (id: string, options: SettingsOptions & { readonly reset?: readonly SettingName[] }) => {
      const defaults = Object.fromEntries((options.reset ?? []).map((name) => [name, null]));
      const settings: GroupSettingsChange = { ...settingsOf(options), ...defaults };
      if (Object.values(settings).every((value) => value === undefined)) {
        throw new CliFailure(ExitCode.usage, 'Give at least one setting to change, for example --title Engineering');
      }
      await change(terminal, id, options, 'updated', (group, signal) => group.update(settings, { signal }));
    });
}

function usersCommand(terminal: Terminal, name: 'add' | 'invite' | 'remove', description: string): Command {
  const done = { add: 'added', invite: 'invited', remove: 'removed' }[name];
  return groupSubcommand(name, description)
    .argument('<users...>', 'user ids', collectUsers)
    .addHelpText('after', `\nExamples:\n  longwire group ${name} --as alice eng bob carol`)
    .action(async (id: string, users: readonly string[], options: GroupOptions) => {
      const changed = await makeChange(options, terminal, done, async (client, signal) => {
        const group = client.group(id);
        return name === 'remove' ? { removed: await group.remove(users, { signal }) } : group[name](users, { signal });
      });
      if (options.json) await print(terminal, JSON.stringify({ group: id, ...changed }));
      else if ('invited' in changed && name === 'add' && changed.invited.length > 0)
        await print(terminal, `invited: ${changed.invited.join(', ')}`);
    });
}

function answerCommand(terminal: Terminal, name: 'accept' | 'decline', done: string, description: string): Command {
  return groupSubcommand(name, description)
    .argument('[user]', 'who has asked to join; for owners and admins', parseUserArgument)
    .addHelpText(
      'after',
      `\nExamples:\n  longwire group ${name} --as bob eng\n  longwire group ${name} --as alice eng carol`,
    )
    .action((id: string, user: string | undefined, options: GroupOptions) =>
      change(terminal, id, options, done, (group, signal) => group[name]({ user, signal })),
    );
}

function joinCommand(terminal: Terminal): Command {
  return groupSubcommand('join', 'join a group that is open or that you are invited to, or ask to')
    .addHelpText('after', '\nExamples:\n  longwire group join --as alice eng')
    .action(async (id: string, options: GroupOptions) => {
      const { pending } = await makeChange(options, terminal, 'joined', (client, signal) =>
        client.group(id).join({ signal }),
      );
      if (options.json) await print(terminal, JSON.stringify({ group: id, pending }));
      else if (pending) await print(terminal, 'asked to join: an owner or admin accepts or declines');
    });
}

function invitationsCommand(terminal: Terminal): Command {
  const command = new Command('invitations').description('list the groups that you are invited to');
  return addGroupOptions(command, LINES)
    .addHelpText('after', '\nExamples:\n  longwire group invitations --as bob')
    .action((options: GroupOptions) =>
      makeChange(options, terminal, 'listed', async (client, signal) => {
        let after: string | undefined;
        for (;;) {
          const { invitations, more } = await client.invitations({ after, limit: PAGE, signal });
          for (const invitation of invitations) {
            await print(terminal, options.json ? JSON.stringify(invitation) : invitationText(invitation));
          }
          after = invitations.at(-1)?.group;
          if (!more || after === undefined) return;
        }
      }),
    );
}

function requestsCommand(terminal: Terminal): Command {
  return groupSubcommand('requests', 'list who has asked to join and who is invited; for owners and admins')
    .addHelpText('after', '\nExamples:\n  longwire group requests --as alice eng')
    .action((id: string, options: GroupOptions) =>
      makeChange(options, terminal, 'listed', async (client, signal) => {
        let after: string | undefined;
        for (;;) {
          const { pending, more } = await client.group(id).pending({ after, limit: PAGE, signal });
          for (const user of pending) await print(terminal, options.json ? JSON.stringify(user) : pendingText(user));
          after = pending.at(-1)?.user;
          if (!more || after === undefined) return;
        }
      }),
    );
}

function receiptsCommand(terminal: Terminal): Command {
  return groupSubcommand('receipts', 'list who has received and read a message')
    .argument('<offset>', 'offset of the message', parseOffset)
    .addHelpText('after', '\nExamples:\n  longwire group receipts --as alice eng 5')
    .action((id: string, offset: number, options: GroupOptions) =>
      makeChange(options, terminal, 'listed', async (client, signal) => {
        const group = client.group(id);
        const { first } = await group.history({ before: offset + 1, limit: 1, signal });
        if (first?.offset !== offset)
          throw new CliFailure(ExitCode.failed, `${group.address} has no message ${offset}`);
        const receipts = await group.receipts(first, { signal });
        if (options.json) await print(terminal, JSON.stringify({ group: id, offset, ...receipts }));
        else for (const user of receipts.delivered) await print(terminal, receiptText(user, receipts));
      }),
    );
}

/** `leave` or `delete`. */
function changeCommand(terminal: Terminal, name: 'leave' | 'delete', done: string, description: string): Command {
  return groupSubcommand(name, description)
    .addHelpText('after', `\nExamples:\n  longwire group ${name} --as alice eng`)
    .action((id: string, options: GroupOptions) =>
      change(terminal, id, options, done, (group, signal) => group[name]({ signal })),
    );
}

function roleCommand(terminal: Terminal): Command {
  return groupSubcommand('role', 'give a member another role: owner, admin or member; for owners')
    .argument('<user>', 'user id', parseUserArgument)
    .argument('<role>', 'owner, admin or member', parseRole)
    .addHelpText('after', '\nExamples:\n  longwire group role --as alice eng bob admin')
    .action((id: string, user: string, role: GroupRole, options: GroupOptions) =>
      change(terminal, id, options, 'changed', (group, signal) => group.setRole(user, role, { signal })),
    );
}

function membersCommand(terminal: Terminal): Command {
  return groupSubcommand('members', 'list the members and their roles')
    .addHelpText(
      'after',
      '\nExamples:\n  longwire group members --as alice eng\n  longwire group members --as alice eng --json | jq -r .user',
    )
    .action((id: string, options: GroupOptions) =>
      makeChange(options, terminal, 'listed', async (client, signal) => {
        const group = client.group(id);
        let after: string | undefined;
        for (;;) {
          const { members, more } = await group.members({ after, limit: PAGE, signal });
          for (const member of members) {
            const text = `${userText(member.user, member.name)}: ${member.role}`;
            await print(terminal, options.json ? JSON.stringify(member) : text);
          }
          after = members.at(-1)?.user;
          if (!more || after === undefined) return;
        }
      }),
    );
}

/** Makes a change of one group. With `--json`, prints its id. */
async function change(
  terminal: Terminal,
  id: string,
  options: GroupOptions,
  done: string,
  make: (group: Group, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await makeChange(options, terminal, done, (client, signal) => make(client.group(id), signal));
  if (options.json) await print(terminal, JSON.stringify({ group: id }));
}

function groupSubcommand(
  name: string,
  description: string,
  addOptions: (command: Command) => Command = (command) => command,
): Command {
  const command = new Command(name).description(description).argument('<group>', 'id of the group', parseGroupArgument);
  return addGroupOptions(addOptions(command), name === 'members' || name === 'requests' ? LINES : undefined);
}

function addGroupOptions(command: Command, form = 'print the outcome as one JSON object'): Command {
  return addOneCommandOptions(command.option('--json', form));
}

function addSettingOptions(command: Command): Command {
  return command
    .option('--title <text>', 'its title')
    .option('--description <text>', 'its description')
    .option('--picture <url>', 'its picture')
    .option('--metadata <json>', 'a JSON object for applications', parseMetadata)
    .addOption(
      new Option('--joining <who>', 'who knows the id may join (open) or ask to (request); default: closed').choices([
        'closed',
        'request',
        'open',
      ]),
    )
    .addOption(
      new Option('--history <from>', 'what those who join from now on read; default: joining').choices([
        'joining',
        'start',
      ]),
    )
    .addOption(new Option('--posting <who>', 'who writes; default: members').choices(['members', 'admins']));
}

function settingsOf({
  title,
  description,
  picture,
  metadata,
  joining,
  history,
  posting,
}: SettingsOptions): GroupSettings {
  return { title, description, picture, metadata, joining, history, posting };
}

function collectUsers(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), parseUserArgument(text)];
}

function parseRole(text: string): GroupRole {
  if (text === 'owner' || text === 'admin' || text === 'member') return text;
  throw new InvalidArgumentError('Expected owner, admin or member.');
}

function parseOffset(text: string): number {
  const offset = Number(text);
  if (Number.isSafeInteger(offset) && offset > 0) return offset;
  throw new InvalidArgumentError('Expected an offset, at least 1.');
}

function parseMetadata(text: string): GroupSettings['metadata'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as GroupSettings['metadata'];
  } catch {
    // Reported below.
  }
  throw new InvalidArgumentError('Expected a JSON object, for example {"team":7}.');
}

function print(terminal: Terminal, text: string): Promise<void> {
  return writeLine(terminal, printable(text));
}

const CREATE_EXAMPLES = `
Examples:
  longwire group create --as alice eng bob carol --title Engineering
  longwire send --as alice group/eng 'hello'`;

const UPDATE_EXAMPLES = `
Examples:
  longwire group update --as alice eng --title Engineering --posting admins
  longwire group update --as alice eng --reset picture posting`;
