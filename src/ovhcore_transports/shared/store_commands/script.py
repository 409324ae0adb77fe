"""The commands of a store as one script, for servers that run Lua: Redis and Valkey. Each is one round trip.

The limit is that of :mod:`.limits`, claims and tokens those of :mod:`.records`, line by line. These modules explain the
keys of states.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SCRIPT"]

SCRIPT: Final = """
local FULL, SLOWEST, FASTER, ABSENT, USUAL, CONFIRM, EXACT = 6400, 100, 128, 1000000, 20000, 250000, 128
local op, key, now = ARGV[1], KEYS[1], tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local function number(i) return tonumber(ARGV[i]) end
local function load()
  local raw = redis.call('GET', key)
  return raw and cmsgpack.unpack(raw)
end
local function save(state, micros)
  redis.call('SET', key, cmsgpack.pack(state), 'PX', math.ceil(micros / 1000))
end

local function note(state, when)
  local times, counts = state.times, state.counts
  when = when - when % state.grain
  local at = #times
  state.total = state.total + 1
  while at > 0 and times[at] > when do at = at - 1 end
  if at > 0 and times[at] == when then
    counts[at] = counts[at] + 1
  else
    table.insert(times, at + 1, when)
    table.insert(counts, at + 1, 1)
  end
end

local function move(state, turn, late)
  local times, counts = state.times, state.counts
  local noted = turn - turn % state.grain
  for at = #times, 1, -1 do
    if times[at] == noted then
      counts[at] = counts[at] - 1
      state.total = state.total - 1
      if counts[at] == 0 then
        table.remove(times, at)
        table.remove(counts, at)
      end
    end
    if not times[at] or times[at] <= noted then break end
  end
  if late >= 0 then note(state, turn + late) end
end

local function window(state, interval)
  local most = math.floor((100 * 1000000 + 97 * interval - 1) / (97 * interval))
  local length = math.floor(most * interval * 97 / 100)
  local grain = most <= EXACT and 1 or math.ceil(length / EXACT)
  if grain ~= state.grain then state.times, state.counts, state.total = {}, {}, 0 end
  state.grain = grain
  state.reach = length + math.floor(length * (grain == 1 and 22 or 5) / 1000) + grain
  return most
end

local function opening(state, when, most)
  local times, counts, reach = state.times, state.counts, state.reach
  local last = #times
  if state.total < most then return when end
  while true do
    local future = 1
    while times[future] and times[future] <= when do future = future + 1 end
    local fits = true
    for ahead = future - 1, last do
      local from = ahead < future and when or times[ahead]
      local first, excess = ahead, 1 - most
      while first > 0 and times[first] > from - reach do
        excess = excess + counts[first]
        first = first - 1
      end
      if excess > 0 then
        if from > when then
          when = from
        else
          while excess > 0 do
            first = first + 1
            excess = excess - counts[first]
          end
          when = times[first] + reach
        end
        fits = false
        break
      end
    end
    if fits then return when end
  end
end

local function begun(state, from)
  if not state or not state.times or state.last > now + 1000000 then
    state = {last = 0, tat = 0, nb = 0, speed = FULL, epoch = 0, dur = 0, moved = 0, grain = 1, reach = 0,
      times = {}, counts = {}, total = 0, active = {}, line = {}}
  end
  now = math.max(now, state.last)
  state.last = now
  local line = state.line
  for i = from, #ARGV, 2 do
    local slot, took = ARGV[i], number(i + 1)
    if string.sub(slot, 1, 1) == '@' then
      move(state, tonumber(string.sub(slot, 2)), took)
    else
      if state.active[slot] then
        state.moved = now
        if took >= 0 then state.dur = state.dur > 0 and math.floor((state.dur * 9 + took) / 10) or took end
      end
      state.active[slot] = nil
      for j = #line, 1, -1 do
        if line[j][1] == slot then table.remove(line, j) end
      end
    end
  end
  for slot, till in pairs(state.active) do
    if till <= now then state.active[slot] = nil end
  end
  local old = 0
  while state.times[old + 1] and state.times[old + 1] <= now - state.reach do
    old = old + 1
    state.total = state.total - state.counts[old]
  end
  if old > 0 then
    local times, counts = {}, {}
    for i = old + 1, #state.times do
      times[i - old], counts[i - old] = state.times[i], state.counts[i]
    end
    state.times, state.counts = times, counts
  end
  return state
end
local function keep(state)
  save(state, math.max(0, state.tat - now, state.nb - now) + 600000000)
end

local function give_slot(state, limit, slot, lease)
  local active, line = state.active, state.line
  if active[slot] then
    active[slot] = now + lease
    return 0
  end
  local used = 0
  for _ in pairs(active) do used = used + 1 end
  local at = 1
  while line[at] and line[at][1] ~= slot do
    if line[at][2] + ABSENT < now then table.remove(line, at) else at = at + 1 end
  end
  local ahead = at - 1
  local turns = used + ahead - limit + 1
  if turns <= 0 then
    if line[at] then table.remove(line, at) end
    active[slot] = now + lease
    state.moved = now
    return 0
  end
  local usual = math.floor((state.dur > 0 and state.dur or USUAL) / limit)
  local rounds, shortest, longest = turns, 2000, 500000
  if ahead < limit then rounds, shortest, longest = 1, 1000, 250000 end
  local idle = math.floor((now - state.moved) / 8)
  local pause = math.min(math.max(math.floor(rounds * usual / 2), idle, shortest), longest)
  line[at] = {slot, now + pause}
  return pause
end

local function take()
  local interval, burst, slots, patience, ticket = number(3), number(4), number(5), number(6), number(7)
  local turn = number(10) or 0
  local state = begun(load(), 11)
  local speed, epoch = state.speed, state.epoch
  local most = interval > 0 and window(state, interval) + burst - 1 or 0
  local when = now
  local function answer(verdict, wait)
    if verdict == 0 then
      state.speed = math.min(FULL, speed + FASTER)
      if interval > 0 then note(state, when) end
    end
    keep(state)
    return {verdict, wait, epoch, speed, when}
  end
  if ticket == -2 and interval > 0 and opening(state, now, most) == now then
    ticket = epoch
  elseif ticket == epoch then
    when = math.max(now, turn)
  end
  if ticket ~= epoch or state.nb > now then
    local step = math.floor(interval * FULL / speed)
    local allowed = math.max(now, state.nb, interval > 0 and state.tat - (burst - 1) * step or 0)
    if interval > 0 and allowed - now <= CONFIRM then allowed = opening(state, allowed, most) end
    local wait = allowed - now
    when = 0
    if patience >= 0 and wait > patience then return answer(2, wait) end
    when = allowed
    if interval > 0 then state.tat = math.max(state.tat, allowed) + step end
    if wait > 0 then return answer((slots > 0 or wait > CONFIRM) and 1 or 0, wait) end
  elseif interval > 0 then
    local wait = opening(state, when, most) - when
    if wait > 0 then
      when = when + wait
      return answer(1, wait)
    end
  end
  if slots > 0 then
    local pause = give_slot(state, math.max(1, math.floor(slots * speed / FULL)), ARGV[8], number(9))
    if pause > 0 then return answer(1, pause) end
  end
  return answer(0, 0)
end

local function slow()
  local pause, epoch = number(3), number(4)
  local state = begun(load(), #ARGV + 1)
  state.nb = math.max(state.nb, now + pause)
  if epoch == state.epoch then
    state.speed = math.max(SLOWEST, math.floor(state.speed / 2))
    state.epoch = state.epoch + 1
    state.tat = state.nb
  else
    state.tat = math.max(state.tat, state.nb)
  end
  keep(state)
  return {state.epoch}
end

local function renew()
  local lease, held = number(3), number(4)
  local state = load()
  if state and state.times then
    for i = 5, 4 + held do
      if state.active[ARGV[i]] then state.active[ARGV[i]] = math.max(state.last, now) + lease end
    end
  end
  state = begun(state, 5 + held)
  keep(state)
  local used = 0
  for _ in pairs(state.active) do used = used + 1 end
  return {used}
end

local function store(state, kept)
  if kept > 0 then
    save(state, kept)
  else
    redis.call('SET', key, cmsgpack.pack(state), 'KEEPTTL')
  end
end

local function claim()
  local owner, print, lease = ARGV[3], ARGV[4], number(5)
  local state = load()
  if not state then
    store({o = owner, p = print, till = now + lease, st = 'c', v = ''}, 2592000000000)
    return {'mine', ''}
  end
  if state.p ~= print then return {'other', ''} end
  if state.st == 'd' then return {'done', state.v} end
  if state.st == 'c' and state.o == owner then return {'mine', ''} end
  if state.st == 'c' and state.till > now then return {'busy', ''} end
  return {'unknown', ''}
end

local function settle()
  local owner, print, status, value, kept = ARGV[3], ARGV[4], ARGV[5], ARGV[6], number(7)
  local state = load()
  if state and state.o ~= owner then return {'lost', ''} end
  if status == 'f' then
    redis.call('DEL', key)
  else
    store({o = owner, p = print, till = now, st = status, v = value}, kept)
  end
  return {'kept', ''}
end

local function hold()
  local owner, lease = ARGV[3], number(4)
  local state = load()
  if state and state.st == 'c' and state.o == owner then
    state.till = now + lease
    store(state, 0)
  end
  return {'kept', ''}
end

local KEPT = 2592000000000

local function token()
  local owner, refused, lease = ARGV[3], ARGV[4], number(5)
  local state = load() or {v = '', tag = '', till = 0, o = '', ['until'] = 0}
  local left = state['until'] - now
  if left > 0 and state.tag ~= refused then return {'held', state.v, string.format('%.0f', left)} end
  if state.till > now and state.o ~= owner then return {'busy', '', ''} end
  state.o, state.till = owner, now + lease
  store(state, KEPT)
  return {'yours', '', ''}
end

local function put()
  store({v = ARGV[4], tag = ARGV[5], ['until'] = now + number(6), o = ARGV[3], till = 0}, KEPT)
  return {'kept', '', ''}
end

local function drop()
  local state = load()
  if state and state.o == ARGV[3] then
    state.till = 0
    store(state, KEPT)
  end
  return {'kept', '', ''}
end

local operations = {
  take = take, slow = slow, renew = renew,
  claim = claim, settle = settle, hold = hold,
  token = token, put = put, drop = drop,
}
return operations[op]()
"""
