#!/usr/bin/env python3
"""Reads a vdb collection as vdb-format(5) describes it and prints its rows as JSON Lines.

Written from the page alone, with nothing but the standard library, as a proof that the page is enough.
Every checksum on the way is tested. Usage: independent_reader.py FOLDER
"""
import hashlib
import json
import os
import struct
import sys

MAGIC = bytes([0x89, 0x56, 0x44, 0x42, 0x0D, 0x0A, 0x1A, 0x0A])


def make_table():
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = make_table()


def crc(data, seed=0):
    value = seed ^ 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def require(condition, what):
    if not condition:
        raise SystemExit("damage: " + what)


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def siphash13(data, key):
    mask = 0xFFFFFFFFFFFFFFFF
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotate(x, bits):
        return (x << bits | x >> (64 - bits)) & mask

    def step():
        v[0] = (v[0] + v[1]) & mask
        v[1] = rotate(v[1], 13) ^ v[0]
        v[0] = rotate(v[0], 32)
        v[2] = (v[2] + v[3]) & mask
        v[3] = rotate(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & mask
        v[3] = rotate(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & mask
        v[1] = rotate(v[1], 17) ^ v[2]
        v[2] = rotate(v[2], 32)

    whole = len(data) // 8 * 8
    words = [int.from_bytes(data[i:i + 8], "little") for i in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        v[3] ^= word
        step()
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(3):
        step()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def prefix(data, kind, uuid=None):
    require(data[:8] == MAGIC, "magic")
    require(crc(data[:60]) == struct.unpack_from("<I", data, 60)[0], "prefix CRC")
    require(data[8:12] == kind, "kind")
    require(struct.unpack_from("<H", data, 12)[0] == 1, "major format")
    require(struct.unpack_from("<Q", data, 16)[0] & ~0x10D == 0, "unknown reader features")
    require(uuid is None or data[40:56] == uuid, "another collection")


class Identity:
    def __init__(self, folder):
        data = read(folder, "VDB")
        require(len(data) == 4096 and data[:2048] == data[2048:], "two equal copies")
        prefix(data, b"IDNT")
        require(crc(data[:2044]) == struct.unpack_from("<I", data, 2044)[0], "identity CRC")
        self.uuid = data[40:56]
        self.dimension, self.element, self.metric, self.id_type = struct.unpack_from("<IBBB", data, 72)
        require(self.element in (0, 1, 3, 4, 5) and self.metric <= 4, "element type and metric")
        require((self.element == 5) == (self.metric == 4), "hamming for bits and nothing else")
        needed = {1: 1, 3: 4, 4: 4, 5: 8}.get(self.element, 0) | (0x100 if self.metric == 3 else 0)
        require(struct.unpack_from("<Q", data, 16)[0] & needed == needed, "feature bits of element type and metric")
        self.stride = self.dimension * {0: 4, 1: 2}.get(self.element, 1)
        if self.element == 5:
            self.stride = (self.dimension + 7) // 8
        self.hash = hashlib.sha256(data).hexdigest()

    def check_vector(self, vector):
        require(len(vector) == self.stride, "length of a vector")
        if self.element == 5 and self.dimension % 8:
            require(vector[-1] >> self.dimension % 8 == 0, "zero bits behind the last of a vector")


def newest_manifest(folder, identity):
    name = sorted(n for n in os.listdir(os.path.join(folder, "manifest")) if n.endswith(".vman"))[-1]
    data = read(folder, "manifest/" + name)
    prefix(data, b"MANI", identity.uuid)
    require(crc(data[:252]) == struct.unpack_from("<I", data, 252)[0], "manifest header CRC")
    version, = struct.unpack_from("<Q", data, 64)
    require(name == "%016x.vman" % version, "version in the name")
    length, wal_start, first_log, last_lsn, body_crc = struct.unpack_from("<QQQQI", data, 120)
    body = data[256:256 + length]
    require(crc(body) == body_crc, "body CRC")
    require(hashlib.sha256(data[:-32]).digest() == data[-32:], "root hash")
    require(len(data) == 256 + (length + 63) // 64 * 64 + 32, "length of the manifest")
    manifest = json.loads(body)
    require(manifest["ident_sha256"] == identity.hash, "identity hash")
    manifest.update(first_log=first_log, wal_start=wal_start, last_lsn=last_lsn)
    return manifest


class Container:
    def __init__(self, folder, name, kind, identity, entry):
        data = self.data = read(folder, name)
        require(len(data) == entry["bytes"], "length of " + name)
        require(hashlib.sha256(data).hexdigest() == entry["sha256"], "SHA-256 of " + name)
        prefix(data, kind, identity.uuid)
        footer = data[-4096:]
        require(crc(footer[:4092]) == struct.unpack_from("<I", footer, 4092)[0] == entry["footer_crc"], "footer CRC")
        require(crc(data[:4092]) == struct.unpack_from("<I", data, 4092)[0], "header page CRC")
        require(footer[:8] == b"vdbFOOT\x01", "footer magic")
        length, s, count, s_crc, c, blocks, t, t_crc, header_crc, bits = struct.unpack_from("<QQIIQQQIIB", footer, 8)
        require(length == len(data) and header_crc == struct.unpack_from("<I", data, 4092)[0], "footer")
        require(crc(data[s:c]) == s_crc and crc(data[t:-4096]) == t_crc, "table CRC")
        for chunk, start in enumerate(range(c, t, 16384)):
            require(crc(data[start:min(start + 16384, t)]) == struct.unpack_from("<I", data, t + 4 * chunk)[0], "chunk")
        for block in range(blocks):
            start = 4096 + (block << bits)
            part = data[start:min(start + (1 << bits), s)]
            require(crc(part) == struct.unpack_from("<I", data, c + 4 * block)[0], "block %d of %s" % (block, name))
        self.sections = {}
        for number in range(count):
            letters, column, offset, size, elements, width = struct.unpack_from("<4sIQQQI", data, s + 64 * number)
            self.sections[letters.decode(), column] = (data[offset:offset + size], elements, width)
        self.header = data[64:64 + struct.unpack_from("<I", data, 4088)[0]]
        self.footer = footer[128:128 + struct.unpack_from("<I", footer, 4088)[0]]

    def section(self, name, column=0):
        return self.sections.get((name, column), (b"", 0, 0))


def numbers(data, letter):
    return list(struct.unpack("<%d%s" % (len(data) // struct.calcsize("<" + letter), letter), data))


def spread(values, rows):
    return values * rows if len(values) == 1 else values


class Segment:
    def __init__(self, folder, identity, entry):
        file = Container(folder, "seg/%016x.vseg" % entry["id"], b"SEGM", identity, entry)
        rows = self.rows = struct.unpack_from("<Q", file.footer, 0)[0]
        require(rows == entry["rows"], "rows")
        require(file.footer[24:56].hex() == entry["content_hash"], "content hash")
        dimension, _, _, _, _, stride, _ = struct.unpack("<IBBBBII", file.header)
        require((dimension, stride) == (identity.dimension, identity.stride), "shape")
        vectors = file.section("VECT")[0]
        self.vectors = [vectors[r * stride:(r + 1) * stride] for r in range(rows)]
        ids = file.section("IDS0")[0]
        if identity.id_type == 0:
            data, _, width = file.section("IDOF")
            ends = numbers(data, "Q" if width == 8 else "I")
            self.ids = [ids[ends[r]:ends[r + 1]] for r in range(rows)]
        else:
            width = 8 if identity.id_type == 1 else 16
            self.ids = [ids[r * width:(r + 1) * width] for r in range(rows)]
        self.lsns = spread(numbers(file.section("LSNS")[0], "Q"), rows)
        self.created = spread(numbers(file.section("TIME", 0)[0], "q"), rows)
        self.updated = spread(numbers(file.section("TIME", 1)[0], "q"), rows)
        arrival = numbers(file.section("ARRV")[0], "I") or list(range(rows))
        self.order = sorted(range(rows), key=lambda r: arrival[r])
        self.metadata = [b"{}"] * rows
        directory, payload = file.section("PAYO")[0], file.section("PAYL")[0]
        entries = [struct.unpack_from("<QIIII", directory, i) for i in range(0, len(directory), 24)]
        for index, (offset, length, _, first, _) in enumerate(entries):
            end = entries[index + 1][3] if index + 1 < len(entries) else rows
            block = payload[offset:offset + length]
            ends = [0] + list(struct.unpack_from("<%dI" % (end - first), block, 0))
            for row in range(first, end):
                base = 4 * (end - first)
                self.metadata[row] = block[base + ends[row - first]:base + ends[row - first + 1]] or b"{}"
        self.deleted = set()
        if entry["del"]:
            self.deleted = deleted_rows(folder, identity, entry)
        self.check_index(file, identity)
        self.check_columns(file)

    def check_index(self, file, identity):
        """Every row that is not deleted must be found by its id."""
        slots = numbers(file.section("IDHX")[0], "Q")
        bits = file.footer[56]
        for row in range(self.rows):
            if row in self.deleted:
                continue
            key = siphash13(self.ids[row], identity.uuid)
            place = key >> (64 - bits)
            while True:
                require(place < len(slots) and slots[place] != 0, "id of row %d in the hash index" % row)
                if slots[place] >> 32 == key & 0xFFFFFFFF and slots[place] & 0xFFFFFFFF == row + 1:
                    break
                place += 1

    def check_columns(self, file):
        """Scalar columns of plain top-level names must say what the rows say."""
        table = file.section("COLS")[0]
        if not table:
            return
        count, size = struct.unpack_from("<II", table, 0)
        paths = 64 + count * size
        objects = [json.loads(text) for text in self.metadata]
        for index in range(count):
            start, number = 64 + index * size, index + 1
            offset, length, kind, presence, width, wide = struct.unpack_from("<IIBBBB", table, start)
            present, _, distinct = struct.unpack_from("<QQQ", table, start + 16)
            path = table[paths + offset:paths + offset + length].decode()
            if kind > 4 or "." in path or '"' in path:
                continue
            bits = file.section("CPRS", number)[0]
            if presence == 0:
                rows = list(range(self.rows))
            elif presence == 1:
                rows = [r for r in range(self.rows) if bits[r // 8] >> r % 8 & 1]
            else:
                rows = numbers(bits, "I")
            require(len(rows) == present, "rows present in column " + path)
            places = list(range(len(rows))) if presence == 2 else rows
            data = file.section("CVAL", number)[0]
            if kind == 1:
                values = [bool(data[p // 8] >> p % 8 & 1) for p in places]
            elif kind in (2, 3):
                all_values = numbers(data, "q" if kind == 2 else "d")
                values = [all_values[p] for p in places]
            else:
                codes = numbers(data, {1: "B", 2: "H", 4: "I"}[width])
                ends = numbers(file.section("CDIX", number)[0], "I" if wide == 4 else "Q")
                text = file.section("CDIC", number)[0]
                words = [text[ends[i]:ends[i + 1]].decode() for i in range(distinct)] + [None]
                values = [words[codes[p]] for p in places]
            for row, value in zip(rows, values):
                found = objects[row][path]
                if value is None:
                    require(len(found.encode()) > 256, "a long string in column " + path)
                else:
                    require(found == value and type(found) is type(value), "column %s at row %d" % (path, row))


def deleted_rows(folder, identity, entry):
    deletion = entry["del"]
    name = "del/%016x-%08x.vdel" % (entry["id"], deletion["gen"])
    file = Container(folder, name, b"DELT", identity, deletion)
    require(file.header[24:].hex() == entry["sha256"], "segment of the deletion file")
    data, _, width = file.section("BITS")
    if width == 4:
        rows = set(numbers(data, "I"))
    else:
        rows = {r for r in range(entry["rows"]) if data[r // 8] >> r % 8 & 1}
    require(len(rows) == deletion["count"], "deleted rows")
    return rows


def transactions(data, identity, number, end):
    """The committed transactions of a log, and whether it is sealed."""
    prefix(data, b"WALG", identity.uuid)
    require(crc(data[:508]) == struct.unpack_from("<I", data, 508)[0], "log header CRC")
    found, lsn = struct.unpack_from("<QQ", data, 64)
    require(found == number, "number of the log")
    chain, position, result, current = crc(data[80:88]), 512, [], None
    limit = len(data) if end is None else end
    while position + 24 <= limit:
        stored, length, record_lsn, kind = struct.unpack_from("<IIQB", data, position)
        stop = position + 24 + (length + 7) // 8 * 8
        if stop > limit or record_lsn != lsn:
            break
        if crc(struct.pack("<I", chain) + data[position + 4:stop]) != stored:
            break
        body = data[position + 24:position + 24 + length]
        if kind == 7:
            return result, True
        if kind == 1:
            current = (struct.unpack_from("<q", body, 8)[0], [])
        elif kind == 2:
            id_length, meta_length, vector_length, _, created = struct.unpack_from("<IIIIq", body, 0)
            vector, rest = body[24:24 + vector_length], body[24 + vector_length:]
            require(len(rest) == id_length + meta_length, "lengths of a PUT")
            current[1].append((lsn, rest[:id_length], created, vector, rest[id_length:] or b"{}"))
        elif kind == 3:
            current[1].append((lsn, body[8:8 + struct.unpack_from("<I", body, 0)[0]], None, None, None))
        elif kind == 5:
            result.append(current)
            current = None
        else:
            require(False, "type of a record")
        chain, lsn, position = stored, lsn + 1, stop
    require(end is None or (position == end and current is None), "log up to its end")
    return result, end is not None


def id_text(data, id_type):
    if id_type == 0:
        return json.dumps(data.decode(), ensure_ascii=False)
    if id_type == 1:
        return str(struct.unpack("<q", data)[0])
    digits = data.hex()
    return '"%s-%s-%s-%s-%s"' % (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])


def main(folder):
    identity = Identity(folder)
    manifest = newest_manifest(folder, identity)
    rows = {}
    for entry in manifest["segments"]:
        segment = Segment(folder, identity, entry)
        for row in segment.order:
            if row not in segment.deleted:
                require(segment.ids[row] not in rows, "each id once")
                rows[segment.ids[row]] = (
                    segment.lsns[row], segment.created[row], segment.updated[row], segment.vectors[row],
                    segment.metadata[row])
    logs = sorted(int(n[:16], 16) for n in os.listdir(os.path.join(folder, "wal")) if n.endswith(".vwal"))
    logs = [n for n in logs if n >= manifest["first_log"]]
    require(logs and logs[0] == manifest["first_log"], "the first log")
    data = [read(folder, "wal/%016x.vwal" % n) for n in logs]
    sealed = False
    for index, number in enumerate(logs):
        end = struct.unpack_from("<Q", data[index + 1], 104)[0] if index + 1 < len(logs) else None
        found, sealed = transactions(data[index], identity, number, end)
        for time, operations in found:
            for lsn, key, created, vector, metadata in operations:
                rows.pop(key, None)
                if vector is not None:
                    rows[key] = (lsn, created, time, vector, metadata)
    total = 0
    for key, (lsn, created, updated, vector, metadata) in rows.items():
        identity.check_vector(vector)
        content = struct.pack("<BI", identity.id_type, len(key)) + key + vector + metadata
        total += int.from_bytes(hashlib.sha256(content).digest(), "little")
        print('{"id":%s,"lsn":%d,"created":%d,"updated":%d,"vector":"%s","payload":%s}' % (
            id_text(key, identity.id_type), lsn, created, updated, vector.hex(), metadata.decode()))
    total %= 1 << 256
    print('{"rows":%d,"content_hash":"%s","sealed":%s}' % (
        len(rows), total.to_bytes(32, "little").hex(), "true" if sealed else "false"))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main(sys.argv[1])
