/** What a code stands for: `bug` crashes, `input` is counted, `operation` is thrown. */
export interface ErrorEntry {
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** What a person does next. */
  readonly next: string;
}

/**
 * Every code of sedge, with its meaning and what to do next. Codes are stable, texts are not.
 * The README prints this table; a test holds both together.
 */
export const ERROR_TABLE = {
  // bytes and cose
  'cbor.malformed': {
    meaning: 'The bytes are not well-formed deterministic CBOR.',
    next: 'Nothing: the input was refused and counted.',
  },
  'cose.bad-frame': {
    meaning: 'The bytes do not follow the COSE_Sign1 frame that sedge uses.',
    next: 'Nothing: the input was refused and counted.',
  },
  'cose.bad-key': {
    meaning: 'The public key is not canonical or of small order.',
    next: 'Nothing: the input was refused and counted.',
  },
  'cose.bad-signature': {
    meaning: 'The signature does not fit the bytes and the key.',
    next: 'Nothing: the input was refused and counted.',
  },

  // identity
  'identity.key-missing': {
    meaning: 'There is no key file in the directory.',
    next: 'Run "sedge init" or "sedge join TOKEN", or name the right directory with --dir.',
  },
  'identity.key-unreadable': {
    meaning: 'The key file is damaged or not an Ed25519 key.',
    next: 'Restore the key file from a backup, or move it away and join again as a new node.',
  },
  'identity.key-open': {
    meaning: 'The key file can be read by other users.',
    next: 'Run "chmod 600" on the key file.',
  },
  'identity.key-exists': {
    meaning: 'A key file is there already.',
    next: 'Use another directory (--dir) or file name, or move the old key away first.',
  },

  // topic
  'topic.empty': { meaning: 'The topic is empty.', next: 'Give a topic such as site/greenhouse/temp.' },
  'topic.too-long': { meaning: 'The topic is longer than 1,024 bytes.', next: 'Use a shorter topic.' },
  'topic.too-deep': { meaning: 'The topic has more than 64 levels.', next: 'Use fewer levels.' },
  'topic.wildcard': {
    meaning: 'A topic to publish on holds a wildcard (+ or #).',
    next: 'Name one topic; wildcards are for subscriptions.',
  },
  'topic.bad-character': {
    meaning: 'The topic holds a NUL or is not valid Unicode.',
    next: 'Remove the character.',
  },
  'topic.reserved': {
    meaning: "Topics that start with $ are sedge's own.",
    next: 'Use a topic that does not start with $.',
  },
  'topic.bad-filter': {
    meaning: 'In a filter + must fill a whole level and # must be the whole last level.',
    next: 'Write a filter such as site/+/temp or site/#.',
  },

  // realm
  'realm.token-malformed': {
    meaning: 'The token is not a sedge invitation, or a part of it is missing.',
    next: 'Copy the whole token again, or ask for a new one ("sedge invite").',
  },
  'realm.token-expired': {
    meaning: 'The invitation has expired.',
    next: 'Ask for a new one ("sedge invite"), and check this machine\'s clock.',
  },
  'realm.token-used': {
    meaning: 'The invitation was used as often as it allows.',
    next: 'Ask for a new one ("sedge invite"); a node that should not be in the realm can be revoked.',
  },
  'realm.other-realm': {
    meaning: 'The directory belongs to another realm than the token.',
    next: 'Use another directory (--dir) for the other realm.',
  },
  'realm.exists': {
    meaning: 'The directory already belongs to a realm.',
    next: 'Run "sedge start", or use another directory (--dir).',
  },
  'realm.missing': {
    meaning: 'The directory does not belong to a realm yet.',
    next: 'Run "sedge init" for a new realm or "sedge join TOKEN" for an existing one.',
  },
  'realm.damaged': {
    meaning: 'The realm file of the directory is damaged.',
    next: 'Restore realm.json from a backup, or join again in a new directory.',
  },
  'realm.not-admin': {
    meaning: 'This node may not invite, revoke or change the realm.',
    next: 'Run the command on the node that made the realm or on an admin node.',
  },
  'realm.grant-malformed': {
    meaning: 'A grant or revocation does not have the right shape.',
    next: 'Nothing: it was refused and counted.',
  },
  'realm.grant-broken-chain': {
    meaning: "A grant chain does not lead from the realm's root to its bearer.",
    next: 'Nothing: it was refused and counted. The node concerned joins again with a fresh token.',
  },
  'realm.grant-expired': {
    meaning: 'The invitation behind a grant had expired when it was used.',
    next: 'The node concerned joins again with a fresh token.',
  },
  'realm.unknown-node': {
    meaning: 'No node of that id or name is known in the realm, or several have the name.',
    next: 'Look at "sedge realm" for the nodes of the realm, and give the beginning of the id.',
  },
  'realm.revoked': {
    meaning: 'The node was revoked.',
    next: 'An admin can invite it again under a new key.',
  },
  'realm.too-many-channels': {
    meaning: 'The realm declares more channels than the limit.',
    next: 'Declare fewer channels (256 at most by default).',
  },
  'realm.bad-record': {
    meaning: 'The channels or the name of a realm record are not allowed.',
    next: 'Channel names are 1 to 64 of a-z, 0-9 and -, each with a topic prefix filter of its own.',
  },
  'realm.bad-policy': {
    meaning: 'What a policy says about keeping a channel is not allowed.',
    next: 'Use whole numbers below 2^48 and a priority of control, alarm, normal or bulk; $realm is never dropped.',
  },
  'realm.bad-name': {
    meaning: 'The name of the realm, node or invitation is not allowed.',
    next: 'Use 1 to 64 bytes of text without control characters.',
  },
  'realm.too-many-nodes': {
    meaning: 'The realm has more nodes or revocations than this node keeps account of.',
    next: 'Look at "sedge realm" for an invitation that was used too often, and revoke it.',
  },

  // entry
  'entry.malformed': {
    meaning: 'The bytes are no entry.',
    next: 'Nothing: the input was refused and counted.',
  },
  'entry.too-large': {
    meaning: 'The entry is larger than 1.25 MiB.',
    next: 'Nothing: the input was refused and counted.',
  },
  'entry.payload-too-large': {
    meaning: 'The payload is larger than 1 MiB.',
    next: 'Publish a smaller payload, or split it.',
  },
  'entry.bad-signature': {
    meaning: "The signature of the entry is not its author's for this realm.",
    next: 'Nothing: the input was refused and counted.',
  },
  'entry.unknown-author': {
    meaning: "No grant of the entry's author is known; it is parked until one arrives.",
    next: 'Nothing, if the author joined just now; else check which realm it belongs to.',
  },
  'entry.revoked-author': {
    meaning: 'The author was revoked before this entry.',
    next: 'Nothing: the entry was refused and counted.',
  },
  'entry.foreign-topic': {
    meaning: "The entry speaks of another node than its author on a topic of sedge's own.",
    next: 'Nothing: the entry was refused and counted. If it goes on, find out why its author forges it.',
  },
  'entry.unknown-channel': {
    meaning: 'The entry is of a channel that this node does not carry.',
    next: 'Nothing: the entry was relayed, not kept.',
  },
  'entry.known': { meaning: 'The entry is held already.', next: 'Nothing.' },
  'entry.forked': {
    meaning: 'The entry contradicts another valid entry of the same log.',
    next: 'Look at "sedge doctor": the author\'s key may have been cloned.',
  },
  'entry.expired': {
    meaning: 'The entry is older than its lifetime (ttl).',
    next: 'Nothing: it is neither kept nor handed on. Check the clocks if it should be young.',
  },
  'entry.after-end': {
    meaning: 'The epoch of the entry ended in a fork before it.',
    next: 'Nothing: its author publishes again what it lost. See "sedge forks".',
  },
  'entry.quota-logs': {
    meaning: 'The channel has more logs than this node keeps.',
    next: 'Look at "sedge logs" for authors with many epochs; raise quotas.logsMax if all are honest.',
  },
  'entry.quota-epochs': {
    meaning: 'The author has begun more epochs in the channel than this node keeps.',
    next: 'Look at "sedge logs": a node that loses its disk at each start has to be mended, a hostile one revoked.',
  },
  'entry.quota-holes': {
    meaning: 'The log has more holes than this node keeps account of.',
    next: 'Nothing: it is taken once what lies beside it came. An author who leaves numbers out has to be revoked.',
  },
  'entry.quota-bytes': {
    meaning: 'The author has published more in a day than this node takes from one.',
    next: 'Nothing: it is taken later. Raise quotas.authorBytesPerDayMax if the author is honest.',
  },
  'entry.parked-expired': {
    meaning: 'An entry waited too long for the grant of its author.',
    next: 'Nothing: sync fetches it once the author is known.',
  },
  'entry.parked-full': {
    meaning: 'The quota for entries of unknown authors is used up.',
    next: 'Nothing: the entry was dropped; sync fetches it once its author is known.',
  },

  // forks
  'fork.malformed': {
    meaning: 'The bytes are no proof of a fork.',
    next: 'Nothing: the input was refused and counted.',
  },
  'fork.unproven': {
    meaning: 'What a node reported as a fork proves none.',
    next: 'Nothing: it was refused and counted. If it goes on, look at the node that reports it.',
  },
  'fork.too-many': {
    meaning: 'More forks were found or reported than account is kept of.',
    next: 'Look at "sedge forks" for the author that forks again and again, and revoke it.',
  },

  // journal
  'journal.disk-full': {
    meaning: 'The disk is full; nothing new can be stored.',
    next: 'Free space on the disk of the directory; the agent goes on by itself.',
  },
  'journal.io-failed': {
    meaning: 'Reading or writing the journal failed.',
    next: 'Check the disk ("dmesg", "sedge doctor"), then start the agent again.',
  },
  'journal.segment-corrupt': {
    meaning: 'A segment held damaged records; they were set aside.',
    next: 'Nothing: peers are asked for what is missing. Check the disk if it happens again.',
  },
  'journal.version': {
    meaning: 'The journal was written by a newer version of sedge.',
    next: 'Install that version, or use another directory.',
  },
  'journal.backlog-full': {
    meaning: 'More is waiting to be written than the limit.',
    next: 'Publish slower, or wait for the returned promise before publishing more.',
  },
  'journal.stopped': { meaning: 'The journal was stopped.', next: 'Start it again.' },
  'journal.offset-unknown': {
    meaning: 'The offset is not of this journal.',
    next: 'Use --from all or a time.',
  },

  'journal.let-go': {
    meaning: 'Somebody offered numbers that retention dropped here.',
    next: 'Nothing: they are not stored again. Keep more with "sedge realm retention" or --retention.',
  },
  'journal.let-go-damaged': {
    meaning: 'The list of what retention dropped is lost.',
    next: 'Nothing: some of it is fetched again and dropped again in its time. Check the disk if it happens again.',
  },
  'journal.dropped-age': {
    meaning: 'Messages were dropped because they were older than the channel keeps.',
    next: 'Nothing, or keep them longer with "sedge realm retention" or --retention.',
  },
  'journal.dropped-bytes': {
    meaning: 'Messages were dropped because the channel took more bytes than it may.',
    next: 'Nothing, or give the channel more bytes with "sedge realm retention" or --retention.',
  },
  'journal.dropped-messages': {
    meaning: 'Messages were dropped because the channel held more of them than it may.',
    next: 'Nothing, or allow more messages with "sedge realm retention" or --retention.',
  },
  'journal.dropped-storage': {
    meaning: "Messages were dropped because all channels together took more than the node's storage limit.",
    next: 'Nothing, or raise --storage-max.',
  },
  'journal.dropped-unreplicated': {
    meaning: 'Own messages were dropped that no other node is known to hold: they are lost.',
    next: 'Connect this node to others more often, or keep more with --retention and --storage-max.',
  },

  // overlay
  'overlay.not-started': { meaning: 'The overlay is not running.', next: 'Start it first.' },
  'overlay.listen-failed': {
    meaning: 'The address to listen on cannot be used.',
    next: 'Choose another address or port with --listen, or stop the program that uses it.',
  },
  'overlay.bad-address': {
    meaning: 'The address is not a multiaddr that sedge can dial.',
    next: 'Write it like /ip4/192.168.1.5/tcp/7600 or /dns4/pi.local/tcp/7600/p2p/12D3....',
  },
  'overlay.no-route': {
    meaning: 'The peer cannot be reached now.',
    next: 'Check the address and the network; the agent keeps trying.',
  },
  'overlay.wrong-network': {
    meaning: 'The peer belongs to another realm.',
    next: 'Check the address, or join the realm of that peer.',
  },
  'overlay.wrong-peer': {
    meaning: 'Another node answers at the address.',
    next: 'Check the /p2p/ part of the address: the machine may have got a new key, or another its address.',
  },
  'overlay.denied': {
    meaning: 'The connection was closed right after it was made: one side does not admit the other.',
    next: 'Run "sedge peers" and "sedge realm" on both; the node may be revoked or not yet known there.',
  },
  'overlay.peer-slow': {
    meaning: 'A peer did not keep up, and a gossip message skipped it.',
    next: 'Nothing: sync brings the peer what it missed.',
  },
  'overlay.stream-closed': {
    meaning: 'The stream to the peer was closed.',
    next: 'Nothing: the agent tries again by itself.',
  },
  'overlay.frame-too-large': {
    meaning: 'A peer announced a frame over the limit.',
    next: 'Nothing: the stream was closed and counted.',
  },

  // gossip and sync
  'gossip.malformed': {
    meaning: 'A gossip message is neither an entry nor an announcement.',
    next: 'Nothing: it was refused and counted.',
  },
  'sync.malformed': {
    meaning: 'A peer sent a sync frame that is not allowed there.',
    next: 'Nothing: the session was closed and counted.',
  },
  'sync.version': {
    meaning: 'A peer speaks a version of sync that this node does not know.',
    next: 'Update the older of the two nodes.',
  },
  'sync.not-granted': {
    meaning: 'A peer showed no valid grant of this realm.',
    next: 'The peer joins with a token ("sedge invite").',
  },
  'sync.lying-heads': {
    meaning: 'A peer claimed heads that cannot be.',
    next: 'Nothing: the session was closed and counted.',
  },
  'sync.unsolicited': {
    meaning: 'A peer sent entries that were not asked for.',
    next: 'Nothing: they were refused and counted.',
  },

  // bundle
  'bundle.not-a-bundle': {
    meaning: 'The file is no bundle of sedge, or nothing of it is left.',
    next: 'Check the name of the file, or export it again on the other node.',
  },
  'bundle.version': {
    meaning: 'The bundle was written by a newer version of sedge.',
    next: 'Update sedge here, then import it again; nothing was taken from it.',
  },
  'bundle.other-realm': {
    meaning: 'The bundle belongs to another realm.',
    next: 'Import it in a directory (--dir) of that realm; nothing was taken from it.',
  },
  'bundle.unknown-channel': {
    meaning: 'The channel is not carried here.',
    next: 'Look at "sedge channels" for those that are.',
  },
  'bundle.too-many-channels': {
    meaning: 'A bundle holds 256 channels at most.',
    next: 'Export in parts, with --channel.',
  },
  'bundle.damaged': {
    meaning: 'A record of a bundle is not what was written; it was passed over.',
    next: 'Nothing: the rest was imported. Copy or export the bundle again for what is missing.',
  },

  // mesh
  'mesh.not-started': { meaning: 'The mesh is not running.', next: 'Call start() first.' },
  'mesh.bad-option': {
    meaning: 'An option has a value that is not allowed.',
    next: "See the option's documentation for its bounds.",
  },
  'mesh.not-acknowledged': {
    meaning:
      'Too few other nodes reported in time that they hold the message; it is kept here and on its way.',
    next: 'See "sedge peers" for who is connected; "sedge holders" tells later who has it.',
  },
  'mesh.subscription-in-use': {
    meaning: 'The durable subscription is open already.',
    next: 'Stop the other subscriber, or use another name.',
  },
  'mesh.subscription-mismatch': {
    meaning: 'The durable subscription was made with other filters.',
    next: 'Use the same filters, or another name.',
  },
  'mesh.too-many-pending': {
    meaning: 'More publishes are waiting than the limit.',
    next: 'Wait for earlier ones before publishing more.',
  },

  // simulations
  'simulation.clock-taken': {
    meaning: 'Another virtual clock runs in this process.',
    next: 'Stop the other simulated mesh first (mesh.stop()), or give back the fake timers of the test.',
  },
  'simulation.livelock': {
    meaning: 'Callbacks ran without end, and virtual time did not pass.',
    next: 'Look at the place that is named: it asks for a further turn each time, and never for a time.',
  },
  'simulation.stuck': {
    meaning: 'What was waited for did not happen in the virtual time allowed.',
    next: 'Look at the history up to there, or allow more time.',
  },
  'simulation.bad-option': {
    meaning: 'An option of a simulation is not allowed.',
    next: "See the option's documentation for its bounds.",
  },
  'simulation.unknown-node': {
    meaning: 'There is no simulated node of this name.',
    next: 'Use one of the names that the mesh was made with; unnamed nodes are n1, n2 and so on.',
  },
  'simulation.not-running': {
    meaning: 'The simulated node does not run.',
    next: 'Restart it first (mesh.restart(name)).',
  },
  'simulation.not-converged': {
    meaning: 'The nodes did not come to hold the same in the virtual time allowed.',
    next: 'Look at what the nodes named lack, and whether a link could have brought it.',
  },
  'simulation.violated': {
    meaning: 'Something that must hold of the simulated mesh does not.',
    next: 'Look at the history; the same seed gives the same one again.',
  },
  'simulation.failed': {
    meaning: 'A process that measured a simulated mesh ended before it was done.',
    next: 'See what it said; the larger meshes need 2 GB of memory.',
  },
  'simulation.bad-trace': {
    meaning: 'The contact trace cannot be used.',
    next: 'Correct the line that is named: "nodeA nodeB startSeconds endSeconds", # starts a comment.',
  },
  'simulation.bad-publish-file': {
    meaning: 'The file of messages to publish cannot be used.',
    next: 'Correct the line that is named: "seconds node topic payload", a line that starts with # is a comment.',
  },
  'simulation.unknown-scenario': {
    meaning: 'There is no such scenario.',
    next: 'See "sedge simulate --list".',
  },

  // serial lines and devices
  'serial.bad-port': {
    meaning: 'The text names no port.',
    next: 'Give a port such as /dev/ttyUSB0, /dev/ttyUSB0:115200, tcp://HOST:PORT or auto.',
  },
  'serial.port-missing': {
    meaning: 'The port is not there, or was unplugged.',
    next: 'Plug the board in; the agent opens the port when it comes back. "sedge device ls" shows the ports of this machine.',
  },
  'serial.port-denied': {
    meaning: 'The port may not be opened by this user.',
    next: 'Run "sudo usermod -aG dialout $USER", then log out and in again (a service: restart it).',
  },
  'serial.port-busy': {
    meaning: 'Another program uses the port.',
    next: 'Close the other program (a serial monitor, ModemManager); "fuser -v PORT" names it.',
  },
  'serial.port-failed': {
    meaning: 'The port failed.',
    next: 'If it is a serial port at all, unplug the board and plug it in again; see "dmesg" if it happens again.',
  },
  'serial.unreachable': {
    meaning: 'The serial port behind the network address cannot be reached.',
    next: 'Check the address, and whether ser2net or the adapter runs; the agent keeps trying.',
  },
  'serial.unknown-port': {
    meaning: 'The agent does not use this port.',
    next: 'See "sedge device ls" for the ports that it uses; start it with --serial PORT to use more.',
  },
  'serial.port-held': {
    meaning: 'The port is released for another program, or in use for another device command.',
    next: 'Wait for the other command, or give the port back to the agent.',
  },
  'device.unknown': {
    meaning: 'No device of that id or name is in the book.',
    next: 'See "sedge device ls"; a fresh board is taken in with "sedge device provision PORT".',
  },
  'device.key-unknown': {
    meaning: 'The device has a key that this node does not know.',
    next: 'Run "sedge device add NAME --id ID --key-file FILE" with that key, or "sedge device provision PORT --force" for a new one, if its sketch allows that.',
  },
  'device.exists': {
    meaning: 'The book holds another device of that id or name.',
    next: 'Use another name, or remove the other device first ("sedge device remove").',
  },
  'device.bad-option': {
    meaning: 'What is said of a device is not allowed.',
    next: 'Use a name of 1 to 64 of a-z, A-Z, 0-9, -, _ and ., a key of 16 bytes, and topic filters without $.',
  },
  'device.too-many': {
    meaning: 'The book holds as many devices as it may.',
    next: 'Remove devices that are gone ("sedge device remove").',
  },
  'device.book-damaged': {
    meaning: 'A file of the device book is damaged.',
    next: 'Restore the file from a backup, or remove it and provision the device again.',
  },
  'device.book-open': {
    meaning: 'A file of the device book can be read by other users.',
    next: 'Run "chmod 600" on the file: it holds the key of a device.',
  },
  'device.book-version': {
    meaning: 'The device book was written by a newer version of sedge.',
    next: 'Install that version, or use another directory.',
  },
  'device.book-failed': {
    meaning: 'The device book cannot be read or written.',
    next: 'Check the disk and the rights of the directory.',
  },
  'device.silent': {
    meaning: 'No device answered on the port.',
    next: 'Check the cable, the rate (PORT:BAUD) and that the sketch calls sedge_poll; "sedge device monitor PORT" shows what comes.',
  },
  'device.provisioned': {
    meaning: 'The device has a key already.',
    next: 'Use it as it is ("sedge device ls"), take it in with "sedge device add" where the key is known, or give it a new one with --force, if its sketch allows that.',
  },
  'device.provision-failed': {
    meaning: 'The device did not take the key.',
    next: 'Repeat the command; if it fails again, the device cannot write its memory.',
  },
  'device.not-connected': {
    meaning: 'The device is not connected now.',
    next: 'See "sedge device ls"; commands wait for it until their time to live ends.',
  },
  'device.wrong-key': {
    meaning: 'The device has another key than the book says.',
    next: 'Provision it again, or restore its file in the device book; if it was never yours, it may pretend to be another.',
  },
  'device.lower-epoch': {
    meaning: 'The device has booted less often than it had: its memory was erased, or it is a copy.',
    next: 'If you erased it, run "sedge device add ID --accept-epoch"; otherwise look for the copy.',
  },
  'device.claimed-twice': {
    meaning: 'Another port serves a device of this id already.',
    next: 'Unplug the one that is a copy, and provision it as a device of its own.',
  },
  'device.protocol': {
    meaning: 'The device speaks another version of the protocol.',
    next: 'Update the older of the two: sedge here, or the library in the sketch.',
  },
  'device.no-tool': {
    meaning: 'The tool that writes firmware into the board is not installed.',
    next: 'Install it (avrdude: "sudo apt install avrdude"), then repeat the command.',
  },
  'device.flash-failed': {
    meaning: 'The firmware could not be written into the board.',
    next: 'Check --board and the cable, press reset and repeat; "sedge doctor" says who else has the port.',
  },
  'device.no-result': {
    meaning: 'No result of the command came in time.',
    next: 'See whether the device is online: "sedge device ls" where it is plugged in, or the last value of devices/NAME/status.',
  },

  // frames, link and records of a serial line
  'frame.bad-cobs': {
    meaning: 'Bytes between two zeros are neither a coded frame nor text.',
    next: 'Nothing for a few; many mean a wrong rate (PORT:BAUD) or a bad cable.',
  },
  'frame.bad-crc': {
    meaning: 'A frame came damaged.',
    next: 'Nothing: it is sent again. Many mean a bad cable or a rate that the board does not hit.',
  },
  'frame.too-short': {
    meaning: 'Bytes between two zeros are too few for a frame.',
    next: 'Nothing for a few; many mean a wrong rate (PORT:BAUD) or a bad cable.',
  },
  'frame.too-long': {
    meaning: 'Bytes between two zeros are too many for a frame, or never ended.',
    next: 'Nothing for a few; many mean a wrong rate, or another program on the line.',
  },
  'frame.wrong-version': {
    meaning: 'A frame is of another version of the protocol.',
    next: 'Update the older of the two: sedge here, or the library in the sketch.',
  },
  'frame.unknown-type': {
    meaning: 'A frame is of a type that this version does not know.',
    next: 'Nothing: it was passed over and counted.',
  },
  'frame.wrong-direction': {
    meaning: 'A frame came that only a host sends.',
    next: 'Check the wiring: the line hands back what is sent, or two hosts share it.',
  },
  'frame.text-dropped': {
    meaning: 'A sketch printed more lines than are shown.',
    next: 'Print less; frames wait behind text on the wire.',
  },
  'link.duplicate': {
    meaning: 'A record came again that was taken already.',
    next: 'Nothing: its acknowledgement got lost.',
  },
  'link.gap': {
    meaning: 'A record came before the one that was wanted.',
    next: 'Nothing: what is missing is asked for again.',
  },
  'link.out-of-window': {
    meaning: 'A record has a number that the link cannot have reached.',
    next: 'Nothing: the session starts anew if it goes on.',
  },
  'link.bad-ack': {
    meaning: 'An acknowledgement is of something that was never sent.',
    next: 'Nothing: it was ignored.',
  },
  'link.no-room': {
    meaning: 'A record came while no more could be taken.',
    next: 'Nothing: the device sends it again.',
  },
  'link.no-session': {
    meaning: 'A record came outside a session.',
    next: 'Nothing: the device is greeted, and sends it again.',
  },
  'link.not-filled': {
    meaning: 'A gap in the link was never filled; the session starts anew.',
    next: 'Nothing; many mean that somebody forges acknowledgements.',
  },
  'record.malformed': {
    meaning: 'A record does not have the right shape.',
    next: 'Nothing: it was refused and counted.',
  },
  'record.unsealed': {
    meaning: 'A record came that is not sealed.',
    next: 'Find out who has access to the line; the library seals everything.',
  },
  'record.bad-tag': {
    meaning: 'A frame came whole, and its record does not verify: forged, altered, or under another key.',
    next: 'Find out who has access to the line; or provision the device again if its key was changed.',
  },
  'record.replayed': {
    meaning: 'A record came that was sent before.',
    next: 'Find out who has access to the line.',
  },
  'record.unexpected': {
    meaning: 'A verified record is of a type that a device does not send.',
    next: 'Update the older of the two: sedge here, or the library in the sketch.',
  },
  'record.bad-value': {
    meaning: 'The value of a verified record is not CBOR that sedge takes.',
    next: 'Correct what the sketch sends: one complete item, texts in UTF-8.',
  },
  'record.unknown-topic': {
    meaning: 'A reading is of a topic that the device did not register.',
    next: 'Register the topic in the sketch before readings are taken.',
  },
  'record.bad-topic': {
    meaning: 'A device registered something that is no topic or command.',
    next: 'Correct the registration in the sketch.',
  },
  'record.refused': {
    meaning: 'The bridge took a reading for good as not allowed.',
    next: 'See the topics that the book allows the device ("sedge device ls").',
  },
  'greeting.malformed': {
    meaning: 'An answer to a greeting does not have the right shape.',
    next: 'Update the older of the two: sedge here, or the library in the sketch.',
  },
  'greeting.bad-tag': {
    meaning: 'A device that says it is known has another key.',
    next: 'Provision the device again if its key was changed; else find out who has access to the line.',
  },
  'greeting.unknown-device': {
    meaning: 'A device has a key that is not in the book.',
    next: 'Take it in with "sedge device add", or provision it again.',
  },
  'greeting.lower-epoch': {
    meaning: 'A device started with a lower epoch than it had: its memory was erased, or it is a copy.',
    next: 'Take it in anew with "sedge device add" if it is yours.',
  },
  'greeting.wrong-protocol': {
    meaning: 'A device speaks another version of the protocol.',
    next: 'Update the older of the two: sedge here, or the library in the sketch.',
  },
  'greeting.replayed': {
    meaning: 'An answer to a greeting belongs to an earlier session.',
    next: 'Nothing for one: it was late. Many mean that somebody replays frames.',
  },
  'greeting.stray': {
    meaning: 'An answer to a greeting came that nobody waits for.',
    next: 'Nothing: it was ignored.',
  },

  // agent and command line
  'mqtt.cannot-listen': {
    meaning: 'The MQTT gateway cannot listen on its address.',
    next: 'Another broker may use the port: stop it, or name another one with "sedge start --mqtt PORT".',
  },
  'mqtt.users-damaged': {
    meaning: 'The file with the users of MQTT is damaged.',
    next: 'Restore mqtt/users.json in the directory from a backup, or remove it and add the users again; until then no client is let in.',
  },
  'mqtt.user-exists': {
    meaning: 'There is a user of MQTT with that name.',
    next: 'Use "sedge mqtt user passwd NAME" for another password, or remove the user first.',
  },
  'mqtt.unknown-user': {
    meaning: 'There is no user of MQTT with that name.',
    next: '"sedge mqtt user ls" lists them.',
  },
  'mqtt.bad-certificate': {
    meaning: 'The certificate or the key of MQTT cannot be read, or they do not belong together.',
    next: 'Name PEM files that the agent may read with --mqtt-cert and --mqtt-key (and --mqtt-ca).',
  },

  // http
  'http.cannot-listen': {
    meaning: 'The HTTP API cannot listen on its address.',
    next: 'Another program may use the port: stop it, or name another one with "sedge start --http PORT".',
  },
  'http.bad-certificate': {
    meaning: 'The certificate or the key of HTTP cannot be read, or they do not belong together.',
    next: 'Name PEM files that the agent may read with --http-cert and --http-key.',
  },
  'http.tokens-damaged': {
    meaning: 'The file with the tokens of the HTTP API is damaged.',
    next: 'Restore http/tokens.json in the directory from a backup, or remove it and add the tokens again; until then none is good.',
  },
  'http.unknown-token': {
    meaning: 'There is no token with that id or name.',
    next: '"sedge token ls" lists them.',
  },
  'http.too-many-tokens': {
    meaning: 'The node has as many tokens as it can have.',
    next: 'Take some away that nobody needs, with "sedge token revoke ID".',
  },
  'http.bad-host': {
    meaning:
      'The request names a host that this node does not go by, as a web page does that tries to reach it.',
    next: 'Use localhost or an IP address of the node, or give the name to the node with --http-host.',
  },
  'http.bad-origin': {
    meaning: 'A web page of another site may not use this API.',
    next: 'Open the page from the node itself, or give its origin to the node with --http-origin.',
  },
  'http.bad-media-type': {
    meaning: 'The content type or encoding of the body is none that this route takes.',
    next: 'Send application/json or application/cbor, not compressed.',
  },
  'http.bad-token': {
    meaning: 'The token is not one of this node, was taken away, or has expired.',
    next: 'Copy the whole token again, or make a new one with "sedge token add".',
  },
  'http.not-authorized': {
    meaning: 'This needs a token.',
    next: 'Make one on the node with "sedge token add" and send it as "Authorization: Bearer TOKEN".',
  },
  'http.forbidden': {
    meaning: 'The caller has no right to this.',
    next: 'Make a token with the right to it: "sedge token add --scope ...".',
  },
  'http.too-many-requests': {
    meaning: 'This client asks or publishes more often than it may.',
    next: 'Wait as long as Retry-After says, and send more messages in a request (/v1/publish-many).',
  },
  'http.too-many-streams': {
    meaning: 'As many live streams are open as there can be.',
    next: 'Close some, or give several filters to one.',
  },
  'http.no-value': {
    meaning: 'No message is held on this topic.',
    next: 'Look at the topic again; GET /v1/last lists what there is.',
  },

  // bridges
  'bridge.unreachable': {
    meaning: 'The broker of a bridge cannot be reached, or the connection ended.',
    next: 'Nothing if that is known: it is tried again, and nothing is lost. Else see the url, the network and the certificates.',
  },
  'bridge.refused': {
    meaning: 'The broker of a bridge refuses the connection.',
    next: 'See username, passwordFile, clientId and the rights of that user at the broker.',
  },
  'bridge.bad-file': {
    meaning: 'A file of a bridge cannot be read.',
    next: 'Name files that the agent may read in passwordFile, ca, cert and key.',
  },
  'alert.unknown': {
    meaning: 'There is no such alert.',
    next: 'See "sedge alerts" for the ids of those that there are.',
  },
  'alert.not-firing': {
    meaning: 'The alert does not fire.',
    next: 'Nothing: only an alert that fires can be acknowledged.',
  },
  'agent.running': {
    meaning: 'Another agent uses this directory.',
    next: 'Stop it first, or use another directory (--dir).',
  },
  'agent.not-running': { meaning: 'No agent runs in this directory.', next: 'Start one with "sedge start".' },
  'agent.node-too-old': { meaning: 'This Node.js is too old.', next: 'Install Node.js 22.18 or newer.' },
  'service.not-root': {
    meaning: 'Only root may install or remove a service.',
    next: 'Run it with sudo; "--dry-run" shows what it would do, "--root DIR" does it to the files of another system.',
  },
  'service.needs-root': {
    meaning: "The node of this machine is the service's, and not open to this user.",
    next: 'Run the command with sudo, or name a node of your own with --dir.',
  },
  'service.no-systemd': {
    meaning: 'This machine does not run systemd.',
    next: 'Let what starts services here run "sedge start" as a user of its own, or prepare another system with "--root DIR".',
  },
  'service.packaged': {
    meaning: 'The service came with the Debian package.',
    next: 'Use "systemctl enable --now sedge", "systemctl edit sedge" and "apt remove sedge".',
  },
  'service.unreachable': {
    meaning: 'The service could not run this: its user does not reach it.',
    next: 'Install Node.js and sedge for all users ("sudo npm install -g"), or take the Debian package, which brings its own Node.js.',
  },
  'service.failed': {
    meaning: 'A step of installing or removing the service failed.',
    next: 'Mend what is named and run the same command again: it goes on from there.',
  },
  'agent.bad-config': {
    meaning: 'A setting of the agent is not right.',
    next: 'Correct the environment variable or the line of sedge.yaml that is named; "sedge config check" lists all mistakes.',
  },
  'agent.disconnected': {
    meaning: 'The connection to the agent was lost.',
    next: 'See whether it runs ("sedge status"), start it again with "sedge start", then repeat the command.',
  },
  'agent.bad-request': {
    meaning: 'The request to the agent is not allowed.',
    next: 'See "sedge --help"; for requests over HTTP docs/http-api.md, or GET /v1/openapi.json of the node.',
  },
  'agent.too-large': {
    meaning: 'The request to the agent is larger than the limit.',
    next: 'Send less at once.',
  },
  'agent.directory': {
    meaning: 'The directory cannot be used.',
    next: 'Check that it exists, is yours and can be written, or name another with --dir.',
  },
  'agent.internal': {
    meaning: 'Something failed inside the agent.',
    next: "Look at the agent's log, and report it with the code.",
  },
  'cli.usage': { meaning: 'The command line is not right.', next: 'See "sedge --help".' },
  'cli.input': {
    meaning: 'The input cannot be read.',
    next: 'Check the name, the rights and the content of the file, or what comes on stdin.',
  },
  'cli.output': {
    meaning: 'The output cannot be written.',
    next: 'Check the name of the file, or where stdout goes, and the space on its disk.',
  },
  'cli.wait-ran-out': {
    meaning: 'The time given with --wait ran out.',
    next: 'Wait longer, or look at "sedge status".',
  },
  'demo.no-compiler': {
    meaning: 'There is no C compiler on this machine to build the virtual device with.',
    next: 'Run "sudo apt install build-essential" (macOS: "xcode-select --install"), or name one in CC.',
  },
  'demo.no-mqtt-client': {
    meaning: 'MQTT.js, the client of the MQTT demo, is not installed: it is needed for development alone.',
    next: 'Run "npm ci" in a clone of the project and then "npm run demo:mqtt", or "npm install mqtt".',
  },
  'demo.compile-failed': {
    meaning: 'The C compiler could not build the virtual device.',
    next: 'Look at what it said in the details; try another one with CC=gcc or CC=clang.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** A stable code, `<layer>.<what>`. */
export type ErrorCode = keyof typeof ERROR_TABLE;
