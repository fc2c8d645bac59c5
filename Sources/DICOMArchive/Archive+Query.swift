import ContentStore

extension Archive {
    /// Calls `body` with the resources that match a query, each once, until it returns false.
    ///
    /// Memory is bounded, whatever the archive and the result are. No row is held while `body` runs. What is stored or deleted
    /// meanwhile may be found or not.
    ///
    /// - Parameter goesOn: asked every few thousand rows at most; the query ends when it returns false.
    /// - Throws: ``ArchiveError``, or what `body` throws.
    package func find(
        _ query: Query, while goesOn: () -> Bool = { true }, _ body: (QueryMatch) throws -> Bool
    ) throws {
        let plan = QueryPlan(query)
        // A capture of what does not escape: the search ends with this call.
        try withoutActuallyEscaping(goesOn) { goesOn in
            try withoutActuallyEscaping(body) { body in
                let search = QuerySearch(plan, QueryReader(self), goesOn, body)
                do { try search.run() } catch let error as StoreError { throw ArchiveError(error) }
            }
        }
    }
}
