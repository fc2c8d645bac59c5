// What the C API of 7.8 lacks: a flush of several column families together (later ones have rocksdb_flush_cfs).

#include "CRocksDBSupplement.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <string.h>

#include <new>
#include <vector>

namespace {

// The handles of the C API are structures whose first and only member is this pointer (db/c.cc, 5.0 to 9.x).
template <typename Object, typename Handle>
Object *unwrap(Handle *handle) {
    return *reinterpret_cast<Object *const *>(handle);
}

}  // namespace

void crocksdb_flush_cfs(
    rocksdb_t *database, rocksdb_column_family_handle_t *const *families, size_t count, char **error) {
    try {
        std::vector<rocksdb::ColumnFamilyHandle *> handles;
        for (size_t i = 0; i < count; i++) handles.push_back(unwrap<rocksdb::ColumnFamilyHandle>(families[i]));
        auto status = unwrap<rocksdb::DB>(database)->Flush(rocksdb::FlushOptions(), handles);
        if (!status.ok()) *error = strdup(status.ToString().c_str());
    } catch (const std::bad_alloc &) {
        *error = strdup("IO error: no memory");
    }
}
