// The page: sign in, talk, sign out.

import { type Identity, isPossibleName, keepIdentity, loadIdentity, tokenFor } from './state/identity.js';
import { forgetPlace } from './state/location.js';
import { Talk } from './talk.js';
import { elementById } from './views/element.js';
import { TalkViews } from './views/talk-views.js';
import { impossibleName, wordsForRefusal } from './words.js';

const views = new TalkViews();
const signIn = elementById('sign-in', HTMLElement);
const note = elementById('sign-in-note', HTMLElement);
const nameField = elementById('sign-in-name', HTMLInputElement);
const tokenField = elementById('sign-in-token', HTMLTextAreaElement);

function showSignIn(reason: string): void {
  views.root.hidden = true;
  signIn.hidden = false;
  note.textContent = reason;
  note.title = '';
  document.title = 'Longwire 长连接';
  nameField.focus();
}

function enter(identity: Identity): void {
  signIn.hidden = true;
  views.root.hidden = false;
  views.who.textContent = identity.kind === 'name' ? identity.name : '';
  views.talk = new Talk(tokenFor(identity), views, {
    onRefused: ({ code, reason }) => {
      leave(wordsForRefusal(code, identity.kind));
      note.title = reason;
    },
  });
}

function leave(reason: string): void {
  const { talk } = views;
  views.talk = undefined;
  keepIdentity(undefined);
  forgetPlace();
  showSignIn(reason);
  void talk?.end();
}

elementById('sign-in-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const token = tokenField.value.trim();
  const name = nameField.value.trim().normalize('NFC');
  if (token === '' && name === '') {
    note.textContent = 'Enter a name or a token. 请输入用户名或令牌。';
    return;
  }
  if (token === '' && !isPossibleName(name)) {
    note.textContent = impossibleName;
    return;
  }
  const identity: Identity = token === '' ? { kind: 'name', name } : { kind: 'token', token };
  tokenField.value = '';
  keepIdentity(identity);
  enter(identity);
});

elementById('sign-out', HTMLButtonElement).addEventListener('click', () => leave(''));

const kept = loadIdentity();
if (kept === undefined) showSignIn('');
else enter(kept);
